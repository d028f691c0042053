"""A story drawn by chance: what a laboratory would do to label an archive."""

from dataclasses import replace

import numpy as np

from instruments.simulation.failures import CATALOGUE, Failure, Onset, Scope
from instruments.simulation.life.failure_event import FailureEvent
from instruments.simulation.life.plan import (
    HOUR_S,
    CavityPlace,
    LifePlan,
    MagnetRamp,
    ThermalCycle,
    Touch,
)
from instruments.simulation.streams import stream

DURATION_S = 120.0 * HOUR_S
"""How long a drawn cycle lasts, in s; it begins with the cool-down."""

COOL_DOWN_S = 36.0 * HOUR_S
"""How long its cool-down takes, in s."""

QUIET_S = 4.0 * HOUR_S
"""How long nothing happens after it, in s; the reference is taken then."""

EVENT_SLOTS = 5
"""Failures of each cavity in one cycle at most; about half of the time is healthy."""

LEAST_SEVERITY = 0.15
"""Mildest failure that is drawn."""

_GLITCH_HIT_RATIO = 0.5
_OWN_SCOPES = (Scope.CAVITY, Scope.VNA)


def drawn_plan(
    places: tuple[CavityPlace, ...],
    *,
    seed: int,
    hardware_seed: int,
    cycle_name: str,
    source_power_dbm: float = -20.0,
) -> LifePlan:
    """Draw one thermal cycle with its failures.

    A cool-down, hours of quiet, a ramp of the magnet in every other cycle, and a
    handful of failures of each cavity, none at the same time as another.
    """
    rng = stream(seed, "array", f"story {cycle_name}")
    touch = rng.choice(np.asarray([Touch.NOTHING, Touch.NOTHING, Touch.CONNECTORS]))
    ramps: tuple[MagnetRamp, ...] = ()
    if rng.uniform() < 0.5:
        ramps = (
            MagnetRamp(
                at_s=COOL_DOWN_S + QUIET_S,
                field_tesla=float(rng.uniform(2.0, 9.0)),
                rate_tesla_per_s=float(rng.uniform(1e-3, 4e-3)),
            ),
        )
    events = tuple(
        event for place in places for event in _events_of(place, seed, cycle_name)
    )
    cycle = ThermalCycle(
        name=cycle_name, warm_from_s=0.0, cooling_from_s=0.0, touch=Touch(touch)
    )
    return LifePlan(
        seed=seed,
        hardware_seed=hardware_seed,
        duration_s=DURATION_S,
        places=places,
        cycles=(cycle,),
        ramps=ramps,
        events=events,
        cool_down_s=COOL_DOWN_S,
        base_temperature_k=float(np.exp(rng.uniform(np.log(0.015), np.log(0.15)))),
        source_power_dbm=source_power_dbm,
    )


def _events_of(
    place: CavityPlace, seed: int, cycle_name: str
) -> tuple[FailureEvent, ...]:
    rng = stream(seed, place.name, f"story {cycle_name}")
    begin_s = COOL_DOWN_S + QUIET_S
    slot_s = (DURATION_S - begin_s) / EVENT_SLOTS
    choices = [one for one in CATALOGUE if one.scope in _OWN_SCOPES]
    picked = rng.choice(len(choices), EVENT_SLOTS, replace=False)
    return tuple(
        _event(choices[int(index)], place, begin_s + number * slot_s, slot_s, rng)
        for number, index in enumerate(picked)
    )


def _event(
    failure: Failure,
    place: CavityPlace,
    slot_from_s: float,
    slot_s: float,
    rng: np.random.Generator,
) -> FailureEvent:
    begin, end = 0.5 * rng.uniform(size=2)
    from_s = slot_from_s + begin * slot_s
    to_s = from_s + (0.3 + 0.4 * end) * slot_s
    is_step = failure.onset in (Onset.STEP, Onset.ONE_SWEEP)
    ramp_s = 0.0 if is_step else min(failure.time_scale_s, 0.5 * (to_s - from_s))
    effect = failure.effect
    if hasattr(effect, "unit_seed"):
        effect = replace(effect, unit_seed=int(rng.integers(1, 1000)))  # type: ignore[type-var]
    return FailureEvent(
        failure=replace(failure, effect=effect),
        cavities=(place.name,),
        where=place.name,
        from_s=from_s,
        to_s=to_s,
        ramp_s=ramp_s,
        severity=float(rng.uniform(LEAST_SEVERITY, 1.0)),
        hit_ratio=_GLITCH_HIT_RATIO if failure.onset is Onset.ONE_SWEEP else 1.0,
    )
