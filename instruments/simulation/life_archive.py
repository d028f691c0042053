"""A labelled archive of lives: cycle after cycle, cavity after cavity, onto disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.array import ArrayConfig
from instruments.array.config import SimulationConfig, WideSweepConfig
from instruments.files.archive_stream import ArchiveStream
from instruments.simulation.archive_labels import (
    FIRST_CYCLE_AT,
    LabelColumns,
    sample_labels,
)
from instruments.simulation.calibration import wide_axis_hz, wide_sweep_of
from instruments.simulation.life import (
    Life,
    LifePlan,
    record,
    truth_records,
    wide_sweep_times,
    write_truth,
)
from instruments.simulation.life.chance import uniforms
from instruments.simulation.life.drawn import drawn_plan
from instruments.simulation.physics.chain import SweepSettings
from instruments.simulation.scenarios import ScenarioFile, stage
from instruments.simulation.scenarios.staging import places_of
from instruments.simulation.streams import stream

BLOCK_SWEEPS = 512
"""Most sweeps that are in memory at a time."""

DRAWN = "drawn"
"""What a story is called that no scenario tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedArchive:
    """What was written.

    Attributes
    ----------
    path, truth_path
        The archive, and the truth about its failures as JSON lines.
    sweep_count, failure_count
        Sweeps in it, and failures in the truth.
    """

    path: Path
    truth_path: Path
    sweep_count: int
    failure_count: int


def record_archive(
    path: Path,
    config: ArrayConfig,
    *,
    seed: int,
    cycles: int,
    sweeps_per_cycle: int,
    scenario: ScenarioFile | None = None,
    thread_count: int = 2,
) -> RecordedArchive:
    """Write a labelled archive of the array's life, and the truth beside it.

    Parameters
    ----------
    path
        The archive; the truth gets the same name with ``.truth.jsonl``.
    seed
        Of everything left to chance; the hardware's stands in the array file.
    cycles
        Thermal cycles, each with new matings; a scenario is played once in each.
    sweeps_per_cycle
        Wide sweeps of each cavity in each.
    scenario
        What happens; a story is drawn for each cycle where None.

    Raises
    ------
    ArrayConfigError, ScenarioError
        If array or scenario cannot be lived.
    ArchiveTooLargeError
        If nobody could read the archive again.
    """
    sweep = wide_sweep_of(config)
    plans = list(_plans(config, sweep, scenario, seed, cycles))
    columns, truth = LabelColumns(), []
    total = cycles * sweeps_per_cycle * len(config.cavities)
    told = DRAWN if scenario is None else scenario.name
    writer = ArchiveStream(
        path,
        frequency_hz=wide_axis_hz(sweep),
        s_parameters=sweep.s_parameters,
        sweep_count=total,
    )
    with writer:
        for number, plan in enumerate(plans):
            started_at = _started_at(plan, number)
            truth += [
                {"thermal_cycle": plan.cycles[0].name, **one}
                for one in truth_records(plan, started_at, told)
            ]
            for samples, labels in _blocks(
                plan, sweep, started_at, sweeps_per_cycle, thread_count
            ):
                writer.append(samples)
                columns.add(labels)
        writer.finish(columns.whole())
    truth_path = path.with_suffix(".truth.jsonl")
    write_truth(truth_path, truth)
    failures = sum(one["kind"] == "failure" for one in truth)
    return RecordedArchive(
        path=path,
        truth_path=truth_path,
        sweep_count=total,
        failure_count=failures,
    )


def sweep_times(plan: LifePlan, cavity: str, count: int) -> npt.NDArray[np.float64]:
    """Return when a cavity is swept, ``count`` times, in s, rising.

    The run plan's wide sweeps, evenly thinned out; where it has too few, the cavity is
    swept more often, at irregular times.
    """
    planned = wide_sweep_times(plan, cavity)
    if planned.size >= count:
        chosen = np.linspace(0, planned.size - 1, count).round().astype(int)
        return np.asarray(planned[chosen])
    number = np.arange(count)
    inside = (number + uniforms(plan.seed, f"often/{cavity}", number)) / count
    return np.asarray(plan.duration_s * inside)


def _plans(
    config: ArrayConfig,
    sweep: WideSweepConfig,
    scenario: ScenarioFile | None,
    seed: int,
    cycles: int,
) -> Iterator[LifePlan]:
    hardware_seed = (config.simulation or SimulationConfig()).seed
    for cycle in range(cycles):
        name = f"life-{seed}-{cycle + 1:03d}"
        own = int(stream(seed, "array", name).integers(0, 2**31))
        if scenario is not None:
            yield stage(scenario, config, seed=own, cycle_name=name)
        else:
            yield drawn_plan(
                places_of(config),
                seed=own,
                hardware_seed=hardware_seed,
                cycle_name=name,
                source_power_dbm=sweep.source_power_dbm,
            )


def _started_at(plan: LifePlan, number: int) -> datetime:
    period_s = 86_400.0 * np.ceil(plan.duration_s / 86_400.0 + 1.0)
    return FIRST_CYCLE_AT + number * timedelta(seconds=float(period_s))


def _blocks(
    plan: LifePlan,
    sweep: WideSweepConfig,
    started_at: datetime,
    count: int,
    thread_count: int,
) -> Iterator[tuple[npt.NDArray[np.complex64], dict[str, npt.NDArray[Any]]]]:
    life, axis_hz = Life(plan), wide_axis_hz(sweep)
    settings = SweepSettings(
        if_bandwidth_hz=sweep.if_bandwidth_hz, averaging_count=sweep.averaging_count
    )
    for place in plan.places:
        time_s = sweep_times(plan, place.name, count)
        seen: set[str] = set()
        for start in range(0, count, BLOCK_SWEEPS):
            sample = life.sample(place.name, time_s[start : start + BLOCK_SWEEPS])
            rng = stream(plan.seed, place.name, f"archive {start}")
            samples = record(
                sample,
                axis_hz,
                settings,
                seed=int(rng.integers(0, 2**31)),
                s_parameters=sweep.s_parameters,
                thread_count=thread_count,
            )
            yield samples, sample_labels(sample, started_at, seen, rng)
