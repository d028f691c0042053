"""Sweeps of a receiver in a new thermal cycle, for the tests of a precise fit."""

import numpy as np

from instruments.simulation.physics.chain import (
    ReceiverHardware,
    SweepSettings,
    chain_noise_sigma,
    chain_response,
    with_constants,
)
from models.twin.limits_state import point_at
from models.twin.parameters import state_constants
from models.twin.precise_sweep import MeasuredSweep, ReferenceSweep

TRACES = ("S21", "S23", "S11")
SETTINGS = SweepSettings()
REFERENCE_K = 4.0


def measured(
    hardware: ReceiverHardware,
    temperature_k: float,
    field_tesla: float,
    axis_hz: np.ndarray,
    rng: np.random.Generator,
) -> MeasuredSweep:
    """Return a noisy sweep whose state drifts as far as sweeps drift."""
    point = point_at(temperature_k, field_tesla)
    drifted = {
        known.name: float(
            np.clip(
                known.value + known.prior_sigma * rng.standard_normal(),
                known.low,
                known.high,
            )
        )
        for known in state_constants(point)
    }
    point = with_constants(point, drifted)
    traces = chain_response(axis_hz, hardware, point, TRACES)
    sigmas = chain_noise_sigma(axis_hz, hardware, point, traces, SETTINGS)
    noise = rng.standard_normal((2, len(TRACES), axis_hz.size))
    return MeasuredSweep(
        frequency_hz=axis_hz,
        traces={
            name: traces[name] + sigmas[name] * (noise[0, row] + 1j * noise[1, row])
            for row, name in enumerate(TRACES)
        },
        settings=SETTINGS,
    )


def reference(
    hardware: ReceiverHardware, axis_hz: np.ndarray, rng: np.random.Generator
) -> ReferenceSweep:
    """Return a reference at 4 K, whose thermometer and field probe are a little off."""
    true_k = REFERENCE_K * 10.0 ** (0.004 * rng.standard_normal())
    sweep = measured(hardware, true_k, 1e-4 * rng.standard_normal(), axis_hz, rng)
    return ReferenceSweep(
        sweep=sweep, temperature_k=REFERENCE_K, magnetic_field_tesla=0.0
    )
