"""A calibration run: the array's own hardware under known conditions, many cool-downs.

A laboratory calibrates by warming up and cooling down several times, each time with
new matings, and by applying known temperatures, fields and faults.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from instruments.array import ArrayConfig, load_array
from instruments.array.config import SimulationConfig, WideSweepConfig
from instruments.errors import ArrayConfigError
from instruments.files.archive import LabelledArchive
from instruments.simulation.archive_labels import FIRST_CYCLE_AT
from instruments.simulation.conditions import (
    Condition,
    EmulatedCavity,
    Strain,
    cavities_of,
)
from instruments.simulation.episodes import Story, draw_story, draw_temperatures
from instruments.simulation.physics.chain import SweepSettings
from instruments.simulation.physics.chain.cavity import CavityMode
from instruments.simulation.receiver import EmulatedReceiver
from instruments.simulation.snapshot import look_at_all
from instruments.simulation.streams import stream

CYCLE_PERIOD = timedelta(days=14)
"""From one cool-down to the next."""

SWEEP_PERIOD_S = 600.0
"""From one calibration sweep to the next, in s."""

THERMOMETER_NOISE = 0.002
"""Relative standard deviation of the temperature label."""

GAUSSMETER_NOISE_TESLA = 2.0e-5
"""Standard deviation of the field label in tesla."""

TUNING_SPREAD = 0.004
"""Relative spread of f0 from one cool-down to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One cavity in one thermal cycle."""

    cavity: EmulatedCavity
    started_at: datetime
    temperature_k: npt.NDArray[np.float64]
    story: Story
    samples: npt.NDArray[np.complex64]

    @property
    def sweep_count(self) -> int:
        return int(self.temperature_k.size)

    @property
    def measured_at(self) -> npt.NDArray[np.float64]:
        elapsed_s = SWEEP_PERIOD_S * np.arange(self.sweep_count)
        return np.asarray(self.started_at.timestamp() + elapsed_s)


def record_calibration(
    config_or_path: ArrayConfig | Path,
    *,
    seed: int,
    cycles: int = 10,
    sweeps_per_cycle: int = 50,
) -> LabelledArchive:
    """Record wide sweeps of every cavity under known conditions.

    Parameters
    ----------
    config_or_path
        The array, or the path of its file; its hardware comes from its own seed.
    seed
        Seed of the run: matings, temperatures, faults and noise.
    cycles
        Thermal cycles.
    sweeps_per_cycle
        Sweeps of each cavity in each cycle; the first is the reference.

    Returns
    -------
    LabelledArchive
        cavities x cycles x sweeps_per_cycle sweeps, the same for the same arguments.

    Raises
    ------
    ArrayConfigError
        If the file is wrong, or asks for no wide sweep.
    ValueError
        If a count is below 1.
    """
    if cycles < 1 or sweeps_per_cycle < 1:
        raise ValueError("cycles and sweeps_per_cycle must be at least 1")
    config = (
        config_or_path
        if isinstance(config_or_path, ArrayConfig)
        else load_array(config_or_path)
    )
    sweep = wide_sweep_of(config)
    runs = [
        run
        for cycle in range(cycles)
        for run in _record_cycle(config, sweep, seed, cycle, sweeps_per_cycle)
    ]
    return _archive(sweep, runs, np.random.default_rng([seed, 1]))


def wide_sweep_of(config: ArrayConfig) -> WideSweepConfig:
    """Return the array's first wide sweep.

    Raises
    ------
    ArrayConfigError
        If it has none.
    """
    for sweep in config.sweeps.values():
        if isinstance(sweep, WideSweepConfig):
            return sweep
    raise ArrayConfigError("sweeps: holds no sweep of purpose wide; add one")


def wide_axis_hz(sweep: WideSweepConfig) -> npt.NDArray[np.float64]:
    """Return the axis of a wide sweep in Hz, shape (point,)."""
    return np.linspace(
        sweep.start_frequency_hz, sweep.stop_frequency_hz, sweep.point_count
    )


def _record_cycle(
    config: ArrayConfig, sweep: WideSweepConfig, seed: int, cycle: int, count: int
) -> list[_Run]:
    simulation = config.simulation or SimulationConfig()
    name = f"calibration-{seed}-{cycle + 1:02d}"
    fridge = np.random.default_rng([seed, 2, cycle])
    temperature_k = draw_temperatures(fridge, count, simulation.nominal_temperature_k)
    runs = []
    for cavity in cavities_of(config):
        rng = stream(seed, cavity.name, name)
        receiver = EmulatedReceiver(
            simulation.seed, replace(cavity, thermal_cycle=name)
        )
        rod_position_ratio = _tuned(
            receiver.hardware.cavity.modes[0], TUNING_SPREAD * rng.normal()
        )
        story = draw_story(
            rng, count, len(receiver.connectors), simulation.nominal_field_tesla
        )
        runs.append(
            _Run(
                cavity=receiver.cavity,
                started_at=FIRST_CYCLE_AT + cycle * CYCLE_PERIOD,
                temperature_k=temperature_k,
                story=story,
                samples=_measure(
                    receiver, sweep, temperature_k, rod_position_ratio, story
                ),
            )
        )
    return runs


def _tuned(mode: CavityMode, ratio: float) -> float:
    """Return where the rod stands for a mode that is off by a relative frequency."""
    way = ratio * mode.resonant_frequency_hz / mode.tuning_span_hz
    return float(np.clip(0.5 + way, 0.0, 1.0))


def _measure(
    receiver: EmulatedReceiver,
    sweep: WideSweepConfig,
    temperature_k: npt.NDArray[np.float64],
    rod_position_ratio: float,
    story: Story,
) -> npt.NDArray[np.complex64]:
    """Return the sweeps of one cavity in one thermal cycle."""
    loose = story.severity_of(Condition.LOOSE_CONNECTOR)
    amplifier = story.severity_of(Condition.AMPLIFIER_FAULT)
    strains = [
        Strain(
            temperature_k=float(temperature_k[index]),
            magnetic_field_tesla=float(story.magnetic_field_tesla[index]),
            connector_severity=float(loose[index]),
            connector_index=int(story.connector[index]),
            amplifier_severity=float(amplifier[index]),
            rod_position_ratio=rod_position_ratio,
        )
        for index in range(temperature_k.size)
    ]
    return look_at_all(
        [
            receiver.moment(SWEEP_PERIOD_S * index, strain, index)
            for index, strain in enumerate(strains)
        ],
        wide_axis_hz(sweep),
        sweep.s_parameters,
        source_power_dbm=sweep.source_power_dbm,
        settings=SweepSettings(
            if_bandwidth_hz=sweep.if_bandwidth_hz,
            averaging_count=sweep.averaging_count,
        ),
    )


def _archive(
    sweep: WideSweepConfig, runs: list[_Run], rng: np.random.Generator
) -> LabelledArchive:
    count = runs[0].sweep_count
    temperature_k = np.concatenate([run.temperature_k for run in runs])
    field_tesla = np.concatenate([run.story.magnetic_field_tesla for run in runs])
    temperature_noise = 1.0 + THERMOMETER_NOISE * rng.standard_normal(count * len(runs))
    field_noise = GAUSSMETER_NOISE_TESLA * rng.standard_normal(count * len(runs))
    return LabelledArchive(
        frequency_hz=wide_axis_hz(sweep),
        s=np.concatenate([run.samples for run in runs]),
        s_parameters=tuple(sweep.s_parameters),
        cavity=np.repeat([run.cavity.name for run in runs], count),
        thermal_cycle=np.repeat([run.cavity.thermal_cycle for run in runs], count),
        measured_at=np.concatenate([run.measured_at for run in runs]),
        is_reference=np.tile(np.arange(count) == 0, len(runs)),
        temperature_k=temperature_k * temperature_noise,
        magnetic_field_tesla=np.maximum(field_tesla + field_noise, 0.0),
        condition=np.concatenate([run.story.condition for run in runs]),
        labels={
            "severity": np.concatenate([run.story.severity for run in runs]),
            "connector": np.concatenate([run.story.connector for run in runs]),
        },
        units={"severity": "1"},
    )
