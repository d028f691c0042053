"""Sweeps of a life as measured: many at once, what is spoiled one by one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from instruments.measurement import FrequencyAxis
from instruments.simulation.failures import Situation, Vibration, respond
from instruments.simulation.failures.situation import SECONDS_PER_POINT_FACTOR
from instruments.simulation.life.sample import LifeSample, rows_of_point
from instruments.simulation.physics.chain import ReceiverHardware, SweepSettings
from instruments.simulation.physics.chain.batches import Samples, sweep_batch
from instruments.simulation.physics.chain.vector import stacked

_FEW_SWEEPS = 24
"""Sweeps of one state of the hardware below which states are stacked."""

_USUAL = Vibration()

Rows = npt.NDArray[np.int64]


def record(
    sample: LifeSample,
    frequency_hz: FrequencyAxis,
    settings: SweepSettings,
    *,
    seed: int,
    s_parameters: Sequence[str],
    thread_count: int = 2,
) -> Samples:
    """Return noisy sweeps of one cavity, complex64, shape (sweep, trace, point).

    Parameters
    ----------
    sample
        The cavity at the times of the sweeps.
    frequency_hz
        Axis in Hz, shape (point,).
    seed
        Of the noise.
    thread_count
        Threads that work at the same time; the result does not depend on it.
    """
    shape = (sample.sweep_count, len(s_parameters), frequency_hz.size)
    found = np.empty(shape, np.complex64)
    for number, (rows, hardware) in enumerate(_batches(sample)):
        point = rows_of_point(sample.point, rows)
        moving = _moving(sample, rows, frequency_hz.size, settings, seed)
        if moving is not None:
            still = np.asarray(point.frequency_shift_ratio)[:, None]
            point = replace(point, frequency_shift_ratio=still + moving)  # type: ignore[arg-type]
        found[rows] = sweep_batch(
            frequency_hz,
            hardware,
            point,
            settings,
            sweep_count=rows.size,
            seed=_words(seed, number),
            s_parameters=s_parameters,
            thread_count=thread_count,
        )
    for row, situation in sample.altered.items():
        _spoil(found[row], situation, frequency_hz, s_parameters, (seed, row))
    return found


def _batches(sample: LifeSample) -> list[tuple[Rows, ReceiverHardware]]:
    """Share the sweeps out: frequent hardware by itself, rare hardware stacked."""
    shaken = np.zeros(sample.sweep_count, dtype=bool)
    for row, situation in sample.altered.items():
        shaken[row] = _is_shaken(situation)
    batches, rare = [], []
    for index, hardware in enumerate(sample.hardware):
        same = sample.hardware_index == index
        for rows in (np.flatnonzero(same & ~shaken), np.flatnonzero(same & shaken)):
            if rows.size >= _FEW_SWEEPS:
                batches.append((rows, hardware))
            elif rows.size:
                rare.append(rows)
    for wanted in (False, True):
        some = [rows for rows in rare if bool(shaken[rows[0]]) is wanted]
        if some:
            rows = np.concatenate(some)
            units = [sample.hardware[int(sample.hardware_index[row])] for row in rows]
            batches.append((rows, stacked(units)))
    return batches


def _is_shaken(situation: Situation) -> bool:
    own = situation.vibration
    return own.amplitude_ratio > _USUAL.amplitude_ratio or own.drift_per_s_ratio != 0.0


def _moving(
    sample: LifeSample, rows: Rows, points: int, settings: SweepSettings, seed: int
) -> npt.NDArray[np.float64] | None:
    """Return how f0 moves within each sweep, (sweep, point); None where it rests."""
    first = sample.altered.get(int(rows[0]))
    if first is None or not _is_shaken(first):
        return None
    step_s = SECONDS_PER_POINT_FACTOR / settings.if_bandwidth_hz
    time_s = np.arange(points, dtype=np.float64) * step_s
    shifts = []
    for row in rows:
        rng = np.random.default_rng([seed, 2, int(row)])
        vibration = sample.altered[int(row)].vibration
        shifts.append(vibration.shift_ratio(time_s, rng.uniform(0.0, 2.0 * np.pi)))
    return np.stack(shifts)


def _spoil(
    samples: npt.NDArray[np.complex64],
    situation: Situation,
    frequency_hz: FrequencyAxis,
    s_parameters: Sequence[str],
    words: tuple[int, int],
) -> None:
    """Add what leaks in from a neighbour, then spoil the sweep, in place."""
    if situation.neighbour is not None and situation.cross_talk_ratio > 0.0:
        quiet = replace(situation.neighbour, neighbour=None)
        leaked = respond(quiet, frequency_hz, s_parameters)
        for index, name in enumerate(s_parameters):
            samples[index] += situation.cross_talk_ratio * leaked[name].reshape(-1)
    if not situation.distortions:
        return
    rng = np.random.default_rng([words[0], 3, words[1]])
    traces = {
        name: samples[index].astype(np.complex128)
        for index, name in enumerate(s_parameters)
    }
    for spoil in situation.distortions:
        traces = dict(spoil(traces, rng))
    for index, name in enumerate(s_parameters):
        samples[index] = traces[name]


def _words(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, 1, number]).generate_state(1)[0])
