"""Calibration sweeps of a drawn receiver, for the tests of a fit."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    SweepSettings,
    chain_noise_sigma,
    chain_response,
    plates_at,
)
from instruments.simulation.physics.chain.switch import SwitchPosition
from models.twin.calibration_set import CalibrationSweep

AXIS_HZ = np.linspace(4e9, 8e9, 201)
SETTINGS = SweepSettings(if_bandwidth_hz=10.0, averaging_count=4)
TRACES = ("S21", "S23", "S11", "S33", "S22")
GAIN_DRIFT_DB = 0.02


def state(
    temperature_k: float,
    *,
    field_tesla: float = 0.0,
    position: SwitchPosition = SwitchPosition.CAVITY,
) -> OperatingPoint:
    return OperatingPoint(
        plates=plates_at(temperature_k),
        cavity_temperature_k=temperature_k,
        rod_temperature_k=temperature_k,
        magnetic_field_tesla=field_tesla,
        switch_position_index=float(position),
    )


CALIBRATION = (
    state(4.0),
    state(295.0),
    state(4.0, field_tesla=0.02),
    state(4.0, position=SwitchPosition.BYPASS),
    state(77.0, position=SwitchPosition.BYPASS),
    state(295.0, position=SwitchPosition.BYPASS),
    state(4.0, position=SwitchPosition.OPEN),
)
"""The cavity cold, warm and in a field; the internal short at three temperatures."""


def measured(
    hardware: ReceiverHardware,
    points: Sequence[OperatingPoint] = CALIBRATION,
    seed: int = 1,
) -> list[CalibrationSweep]:
    """Return noisy sweeps whose gain drifts from one to the next, unknown to a fit."""
    rng = np.random.default_rng(seed)
    found = []
    for point in points:
        now = replace(point, gain_drift_db=GAIN_DRIFT_DB * float(rng.normal()))
        clean = chain_response(AXIS_HZ, hardware, now, TRACES)
        sigmas = chain_noise_sigma(AXIS_HZ, hardware, now, clean, SETTINGS)
        noise = rng.normal(size=(2, len(TRACES), AXIS_HZ.size))
        traces = {
            name: clean[name] + sigmas[name] * (noise[0, row] + 1j * noise[1, row])
            for row, name in enumerate(TRACES)
        }
        found.append(
            CalibrationSweep(
                frequency_hz=AXIS_HZ, traces=traces, point=point, settings=SETTINGS
            )
        )
    return found
