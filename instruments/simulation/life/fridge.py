"""The fridge and the magnet of a life as curves over time."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.life.chance import moments, normals
from instruments.simulation.life.courses import Course, slow_waves
from instruments.simulation.life.plan import DAY_S, HOUR_S, LifePlan, Work
from instruments.simulation.physics.chain import PlateTemperatures

Floats = npt.NDArray[np.float64]

ROOM_K = 296.0
"""Mean temperature of the room in K."""

ROOM_SWING_K = 0.4
"""Amplitude in K of the room's day."""

ROOM_WANDER_K = 0.13
"""Standard deviation in K of the room's wander within hours."""

QUENCH_S = 10.0
"""How long a quench takes, in s."""

EDDY_K_PER_RATE_SQUARED = 2.0e4
"""Heating of the cavity in K per (T/s) squared of a steady ramp; 10 mT/s gives 2 K."""

EDDY_TIME_S = 600.0
"""Time constant in s with which eddy heat builds up and goes."""

FILL_HEAT_K = 0.4
"""Heating of the 4 K plate in K while a dewar is filled."""

FILL_TIME_S = 1800.0
"""Time constant in s after a filling."""

_PLATE_WANDER = 0.004
_CHAMBER_WANDER = 0.02


@dataclass(frozen=True, slots=True)
class _Stage:
    """One stage: its base in K, the pace of its cooling, when it condenses.

    Paces are parts of a cool-down; ``joins_ratio`` is None for a stage that the
    pulse tube alone cools.
    """

    base_k: float
    pace_ratio: float
    warming_exponent: float
    joins_ratio: float | None = None
    condensing_ratio: float = 0.02


_STAGES = {
    "fifty_kelvin_k": _Stage(45.0, 0.13, 0.8),
    "four_kelvin_k": _Stage(3.5, 0.15, 1.0),
    "still_k": _Stage(0.9, 0.165, 1.2, 0.66),
    "cold_plate_k": _Stage(0.12, 0.17, 1.3, 0.70),
    "mixing_chamber_k": _Stage(0.02, 0.175, 1.4, 0.74),
    "cavity_k": _Stage(0.02, 0.185, 1.5, 0.78, 0.03),
    "rod_k": _Stage(0.03, 0.2, 1.6, 0.86, 0.05),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FridgeState:
    """Temperatures in K and the magnet's field in tesla, each of shape (sweep,)."""

    plates: PlateTemperatures
    cavity_temperature_k: Floats
    rod_temperature_k: Floats
    magnet_field_tesla: Floats


def fridge_at(plan: LifePlan, time_s: Floats) -> FridgeState:
    """Return the fridge and the magnet at times in s, shape (sweep,)."""
    found = {
        name: _stage_at(plan, name, stage, time_s) for name, stage in _STAGES.items()
    }
    fill_k = _filling_at(plan, time_s)
    eddy_k = eddy_heating_k(plan, time_s)
    cavity_k = np.hypot(found.pop("cavity_k"), eddy_k)
    rod_k = np.hypot(found.pop("rod_k"), eddy_k)
    found["four_kelvin_k"] = found["four_kelvin_k"] + fill_k
    found["fifty_kelvin_k"] = found["fifty_kelvin_k"] + fill_k
    found["mixing_chamber_k"] = np.hypot(found["mixing_chamber_k"], 0.1 * eddy_k)
    return FridgeState(
        plates=PlateTemperatures(
            room_k=room_at(plan, time_s),  # type: ignore[arg-type]
            **found,  # type: ignore[arg-type]
        ),
        cavity_temperature_k=cavity_k,
        rod_temperature_k=rod_k,
        magnet_field_tesla=magnet_course(plan).at(time_s),
    )


def room_at(plan: LifePlan, time_s: Any) -> Floats:
    """Return the temperature of the room in K."""
    day = np.sin(2.0 * np.pi * np.asarray(time_s) / DAY_S)
    wander = slow_waves(plan.seed, "room", time_s, shortest_s=HOUR_S, longest_s=DAY_S)
    return np.asarray(ROOM_K + ROOM_SWING_K * day + ROOM_WANDER_K * wander)


def magnet_course(plan: LifePlan) -> Course:
    """Return the field of the main magnet in tesla, quenches included."""
    corners = [(0.0, plan.start_field_tesla)]
    changes = [
        (ramp.at_s, ramp.field_tesla, ramp.rate_tesla_per_s) for ramp in plan.ramps
    ]
    changes += [
        (event.from_s, 0.0, np.inf)
        for event in plan.events
        if event.failure.name == "magnet_quench"
    ]
    for at_s, goal_tesla, rate in sorted(changes):
        if at_s < corners[-1][0]:
            # Whatever starts before the last change has ended breaks it off there.
            at = Course(time_s=_times(corners), value=_values(corners))
            corners = [one for one in corners if one[0] < at_s]
            corners.append((at_s, float(at.at(at_s))))
        here_tesla = corners[-1][1]
        takes_s = QUENCH_S if np.isinf(rate) else abs(goal_tesla - here_tesla) / rate
        corners += [(at_s, here_tesla), (at_s + max(takes_s, 1e-6), goal_tesla)]
    return Course(time_s=_times(corners), value=_values(corners))


def eddy_heating_k(plan: LifePlan, time_s: Floats) -> Floats:
    """Return the heating of cavity and rod in K by ramps of the magnet.

    Notes
    -----
    Power goes with the square of dB/dt; heat comes and goes with one time constant.
    """
    course = magnet_course(plan)
    found = np.zeros(np.shape(time_s))
    corners = list(zip(course.time_s, course.value, strict=True))
    for (start_s, low), (end_s, high) in pairwise(corners):
        if end_s <= start_s or low == high:
            continue
        rate = min(abs(high - low) / (end_s - start_s), 0.02)
        heat_k = EDDY_K_PER_RATE_SQUARED * rate**2
        since_start = np.maximum(time_s - start_s, 0.0) / EDDY_TIME_S
        since_end = np.maximum(time_s - end_s, 0.0) / EDDY_TIME_S
        found = found + heat_k * (np.exp(-since_end) - np.exp(-since_start))
    return found


def _stage_at(plan: LifePlan, name: str, stage: _Stage, time_s: Floats) -> Floats:
    base_k = stage.base_k
    if name in ("mixing_chamber_k", "cavity_k", "rod_k"):
        base_k = plan.base_temperature_k * stage.base_k / 0.02
    found = np.empty(np.shape(time_s))
    for index, cycle in enumerate(plan.cycles):
        inside = time_s >= cycle.warm_from_s
        if index == 0:
            inside = np.ones(np.shape(time_s), dtype=bool)
        found[inside] = _cooling(
            plan, stage, base_k, time_s[inside] - cycle.cooling_from_s
        )
        warming = inside & (time_s < cycle.cooling_from_s)
        if index == 0 or not warming.any():
            continue
        before = plan.cycles[index - 1]
        left_s = np.asarray([cycle.warm_from_s - before.cooling_from_s])
        cold_k = _cooling(plan, stage, base_k, left_s)[0]
        whole_s = cycle.cooling_from_s - cycle.warm_from_s
        way = (
            (time_s[warming] - cycle.warm_from_s) / whole_s
        ) ** stage.warming_exponent
        found[warming] = cold_k + (ROOM_K - cold_k) * way**2 * (3.0 - 2.0 * way)
    wander = _CHAMBER_WANDER if stage.joins_ratio is not None else _PLATE_WANDER
    slow = slow_waves(
        plan.seed, f"fridge/{name}", time_s, shortest_s=900.0, longest_s=40_000.0
    )
    fast = 0.1 * normals(plan.seed, f"fridge/{name}", moments(time_s))
    # A warm plate rests at the room's temperature and wanders no more.
    away = np.maximum(1.0 - found / ROOM_K, 0.0)
    return np.asarray(found * (1.0 + wander * away * (slow + fast)))


def _cooling(plan: LifePlan, stage: _Stage, base_k: float, since_s: Floats) -> Floats:
    """Return a stage's temperature in K at times in s since its cool-down began."""
    part = np.maximum(since_s, 0.0) / plan.cool_down_s
    floor_k = (
        stage.base_k if stage.joins_ratio is None else _STAGES["four_kelvin_k"].base_k
    )
    cooled_k = floor_k + (ROOM_K - floor_k) * np.exp(
        -((part / stage.pace_ratio) ** 1.3)
    )
    if stage.joins_ratio is None:
        return np.asarray(cooled_k)
    rest = np.clip((part - stage.joins_ratio) / stage.condensing_ratio, -40.0, 40.0)
    return np.asarray(base_k + (cooled_k - base_k) / (1.0 + np.exp(rest)))


def _filling_at(plan: LifePlan, time_s: Floats) -> Floats:
    found = np.zeros(np.shape(time_s))
    for one in plan.interventions:
        if one.work is Work.HELIUM_FILL:
            since = (time_s - one.at_s) / FILL_TIME_S
            rise = np.where(since >= 0.0, np.maximum(since, 0.0), 0.0)
            found = found + FILL_HEAT_K * rise * np.exp(1.0 - rise)
    return found


def _times(corners: list[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(time_s for time_s, _ in corners)


def _values(corners: list[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(value for _, value in corners)
