"""A calibration run: the array's own hardware under known conditions, many cool-downs.

A laboratory calibrates by warming up and cooling down several times, each time with
new matings, and by applying known temperatures, fields and faults.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from instruments.array import ArrayConfig, load_array
from instruments.array.config import SimulationConfig, WideSweepConfig
from instruments.errors import ArrayConfigError
from instruments.files.archive import LabelledArchive
from instruments.simulation.conditions import (
    Condition,
    EmulatedCavity,
    cavities_of,
    receiver_state,
)
from instruments.simulation.drift import FREQUENCY_JITTER, Drift
from instruments.simulation.episodes import Story, draw_story, draw_temperatures
from instruments.simulation.hardware import draw_hardware, mate, stream
from instruments.simulation.observation import observe

FIRST_CYCLE_AT = datetime(2026, 1, 5, tzinfo=UTC)
"""Start of the first cool-down; the run is a story with dates of its own."""

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

_CHUNK_SWEEPS = 32


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
        hardware = draw_hardware(simulation.seed, cavity.name)
        tuned_hz = cavity.resonant_frequency_hz * (1 + TUNING_SPREAD * rng.normal())
        run = _Run(
            cavity=EmulatedCavity(
                name=cavity.name,
                vna=cavity.vna,
                resonant_frequency_hz=float(tuned_hz),
                loaded_q=cavity.loaded_q,
                coupling_beta=cavity.coupling_beta,
                thermal_cycle=name,
            ),
            started_at=FIRST_CYCLE_AT + cycle * CYCLE_PERIOD,
            temperature_k=temperature_k,
            story=draw_story(
                rng, count, hardware.connector_count, simulation.nominal_field_tesla
            ),
            samples=np.empty(
                (count, len(sweep.s_parameters), sweep.point_count), np.complex64
            ),
        )
        _measure(run, sweep, simulation.seed, rng)
        runs.append(run)
    return runs


def _measure(
    run: _Run, sweep: WideSweepConfig, array_seed: int, rng: np.random.Generator
) -> None:
    """Fill a run with its sweeps, a cacheful at a time."""
    cavity, story = run.cavity, run.story
    hardware = draw_hardware(array_seed, cavity.name)
    parameters = mate(hardware, array_seed, cavity.name, cavity.thermal_cycle)
    drift = Drift(array_seed, cavity.name, cavity.thermal_cycle)
    for start in range(0, run.sweep_count, _CHUNK_SWEEPS):
        part = slice(start, min(start + _CHUNK_SWEEPS, run.sweep_count))
        time_s = SWEEP_PERIOD_S * np.arange(part.start, part.stop)
        jitter = 1.0 + FREQUENCY_JITTER * rng.standard_normal(time_s.size)
        state = receiver_state(
            cavity,
            temperature_k=run.temperature_k[part],
            magnetic_field_tesla=story.magnetic_field_tesla[part],
            frequency_ratio=drift.frequency_ratio(time_s) * jitter,
            connector_severity=story.severity_of(Condition.LOOSE_CONNECTOR)[part],
            connector_index=story.connector[part],
            amplifier_severity=story.severity_of(Condition.AMPLIFIER_FAULT)[part],
            gain_drift_db=drift.gain_db(time_s),
            delay_drift_s=drift.delay_s(time_s),
        )
        traces = observe(
            wide_axis_hz(sweep),
            parameters,
            state,
            rng,
            s_parameters=sweep.s_parameters,
            if_bandwidth_hz=sweep.if_bandwidth_hz,
            source_power_dbm=sweep.source_power_dbm,
            averaging_count=sweep.averaging_count,
        )
        for index, name in enumerate(sweep.s_parameters):
            run.samples[part, index] = traces[name]


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
