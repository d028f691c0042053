"""States of a known receiver, drawn broadly: what a twin would be seen in."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.drift import FREQUENCY_JITTER, Drift
from instruments.simulation.failures import CATALOGUE, Failure, Situation
from instruments.simulation.failures.entry import Scope
from instruments.simulation.life import HEALTHY, LifeSample
from instruments.simulation.life.sample import put_row
from instruments.simulation.physics.chain import (
    OperatingPoint,
    PlateTemperatures,
    ReceiverHardware,
    list_constants,
    plates_at,
    with_constants,
)
from instruments.simulation.physics.chain.junction import follow_field

Floats = npt.NDArray[np.float64]

SWEEP_PERIOD_S = 600.0
"""From one sweep to the next, in s."""

EPISODE_SWEEPS = (3, 9)
"""Shortest and longest failure in sweeps."""

EPISODES_PER_SWEEP = 0.12
"""Failures that are drawn for a sweep; more than a third of the sweeps show one."""

_OWN_SCOPES = (Scope.CAVITY, Scope.VNA)
_NAME_LENGTH = 32
_LEAST_SEVERITY = 0.15
_WIDER = 1.25
_HOTTEST_K = 320.0
_NEAR_SHARE = 0.5
_NEAR_SPREAD = 0.05
_ROD_STEP_RATIO = 1.0e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSpan:
    """What states are drawn around; all values are those of measured sweeps.

    Attributes
    ----------
    temperature_k, field_tesla
        Known states; half of what is drawn lies near one of them, half anywhere
        between the ends, which are moved a quarter outwards.
    reference_k
        Temperatures that references were taken at.
    rod_position_ratio
        Where rods stood.
    failures
        Names of failures that are drawn; all that one receiver can have where empty.
    base
        Everything else.
    """

    temperature_k: Floats
    field_tesla: Floats
    reference_k: Floats
    rod_position_ratio: Floats
    failures: tuple[str, ...] = ()
    base: OperatingPoint = field(default_factory=OperatingPoint)


def failures_of_one(names: Sequence[str] = ()) -> tuple[Failure, ...]:
    """Return failures that one receiver has by itself, those named where any is."""
    own = tuple(one for one in CATALOGUE if one.scope in _OWN_SCOPES)
    named = tuple(one for one in own if one.name in names)
    return named or own


def draw_states(
    hardware: ReceiverHardware,
    span: StateSpan,
    rng: np.random.Generator,
    *,
    cavity: str,
    cycle: str,
    count: int,
) -> LifeSample:
    """Draw the sweeps of one thermal cycle; the first is healthy, the reference.

    Parameters
    ----------
    hardware
        The receiver as it was mated in this cycle.
    count
        Sweeps.
    """
    time_s = SWEEP_PERIOD_S * np.arange(count, dtype=np.float64)
    well = LifeSample(
        cavity=cavity,
        time_s=time_s,
        hardware=(hardware,),
        hardware_index=np.zeros(count, dtype=np.int64),
        point=_points(hardware, span, rng, Drift(_seed(rng), cavity, cycle), time_s),
        condition=np.full(count, HEALTHY, dtype=f"U{_NAME_LENGTH}"),
        severity=np.zeros(count),
        thermal_cycle=np.full(count, cycle),
        component=np.full(count, "", dtype="U1"),
        is_cold=np.arange(count) == 0,
        altered={},
    )
    return _with_failures(well, failures_of_one(span.failures), rng)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(0, 2**31))


def _points(
    hardware: ReceiverHardware,
    span: StateSpan,
    rng: np.random.Generator,
    drift: Drift,
    time_s: Floats,
) -> OperatingPoint:
    count = time_s.size
    temperature_k = _temperatures(span, rng, count)
    field_tesla = _fields(span, rng, count)
    jitter = FREQUENCY_JITTER * rng.standard_normal(count)
    told: dict[str, Any] = {
        "cavity_temperature_k": temperature_k,
        "rod_temperature_k": temperature_k,
        # The stray field is all of the field, the main magnet's share included.
        "magnet_field_tesla": np.zeros(count),
        "magnetic_field_tesla": field_tesla,
        "remanent_field_tesla": np.asarray(
            follow_field(hardware.circulator, field_tesla.tolist())
        ),
        "rod_position_ratio": _rods(span, rng, count),
        "frequency_shift_ratio": drift.frequency_ratio(time_s) - 1.0 + jitter,
        "gain_drift_db": drift.gain_db(time_s),
    }
    base = {
        known.name: np.full(count, known.value)
        for known in list_constants(span.base)
        if not known.name.startswith("plates.")
    }
    plates = _plates(temperature_k, span.base.plates.room_k + drift.room_k(time_s))
    return replace(with_constants(OperatingPoint(), base | told), plates=plates)


def _plates(temperature_k: Floats, room_k: Floats) -> PlateTemperatures:
    each = [plates_at(*both) for both in zip(temperature_k, room_k, strict=True)]
    names = [known.name for known in list_constants(each[0])]
    columns = {
        name: np.asarray([getattr(one, name) for one in each], dtype=np.float64)
        for name in names
    }
    return with_constants(PlateTemperatures(), columns)


def _temperatures(span: StateSpan, rng: np.random.Generator, count: int) -> Floats:
    low, high = span.temperature_k.min() / _WIDER, span.temperature_k.max() * _WIDER
    anywhere = np.exp(rng.uniform(np.log(low), np.log(high), count))
    spread = np.exp(_NEAR_SPREAD * rng.standard_normal(count))
    near = rng.choice(span.temperature_k, count) * spread
    found = np.where(rng.random(count) < _NEAR_SHARE, near, anywhere)
    found[0] = rng.choice(span.reference_k) * spread[0]
    return np.asarray(np.minimum(found, _HOTTEST_K))


def _fields(span: StateSpan, rng: np.random.Generator, count: int) -> Floats:
    low, high = span.field_tesla.min(), span.field_tesla.max()
    margin = 0.5 * (_WIDER - 1.0) * (high - low)
    anywhere = rng.uniform(low - margin, high + margin, count)
    near = rng.choice(span.field_tesla, count)
    near = near + _NEAR_SPREAD * (high - low) * rng.standard_normal(count) * (near != 0)
    found = np.where(rng.random(count) < _NEAR_SHARE, near, anywhere)
    found[0] = 0.0
    return np.asarray(found)


def _rods(span: StateSpan, rng: np.random.Generator, count: int) -> Floats:
    low, high = span.rod_position_ratio.min(), span.rod_position_ratio.max()
    steps = _ROD_STEP_RATIO * np.cumsum(rng.standard_normal(count))
    return np.asarray(np.clip(rng.uniform(low, high) + steps, 0.0, 1.0))


def _with_failures(
    well: LifeSample, failures: tuple[Failure, ...], rng: np.random.Generator
) -> LifeSample:
    count = well.sweep_count
    hardware, hardware_index = list(well.hardware), well.hardware_index.copy()
    # Joined names are longer than any single one.
    longest = max(len(one.name) for one in failures)
    condition = well.condition.astype(f"U{max(longest, _NAME_LENGTH)}")
    severity = well.severity.copy()
    altered: dict[int, Situation] = {}
    for start in np.flatnonzero(rng.random(count) < EPISODES_PER_SWEEP).tolist():
        failure = failures[int(rng.integers(len(failures)))]
        length = int(rng.integers(EPISODE_SWEEPS[0], EPISODE_SWEEPS[1] + 1))
        ends = rng.uniform(_LEAST_SEVERITY, 1.0, 2)
        for row in range(max(start, 1), min(start + length, count)):
            if row in altered:
                continue
            level = float(np.interp(row, (start, start + length), ends))
            now = failure.apply(well.situation(row), level)
            altered[row] = now
            condition[row], severity[row] = failure.name, level
            if now.hardware is not well.hardware[0]:
                hardware_index[row] = len(hardware)
                hardware.append(now.hardware)
    for row, now in altered.items():
        put_row(well.point, row, now.point)
    return replace(
        well,
        hardware=tuple(hardware),
        hardware_index=hardware_index,
        condition=condition,
        severity=severity,
        altered=altered,
    )
