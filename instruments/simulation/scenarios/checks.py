"""Checks of a scenario that need no array: times, scopes, settings, contradictions."""

from dataclasses import fields
from typing import Any

from instruments.array.misfit import MisfitError, Path
from instruments.simulation.failures import CATALOGUE, Failure, Scope, find_failure
from instruments.simulation.life.plan import Work
from instruments.simulation.scenarios.sections import (
    FailureSection,
    InterventionSection,
    Scenario,
)

GLITCH_HIT_RATIO = 0.25
"""Part of the sweeps that show a failure of single sweeps, unless told."""

_WANTED = {
    Scope.CAVITY: ("cavity",),
    Scope.PAIR: ("cavity", "neighbour"),
    Scope.VNA: ("vna",),
    Scope.PLATE: ("plate",),
    Scope.ARRAY: (),
}
_PLACES = ("cavity", "neighbour", "vna", "plate")
_CONTRADICTIONS = (
    frozenset({"tuning_rod_stuck", "mode_crossing"}),
    frozenset({"magnet_quench", "magnet_ramping"}),
    frozenset({"swapped_cables", "neighbour_cross_talk"}),
)
_WORK_NEEDS = {
    Work.CALIBRATION: ("vna",),
    Work.RECABLING: ("cavity",),
    Work.POWER: ("vna", "source_power_dbm"),
    Work.ANTENNA: ("cavity", "antenna_depth_change_m"),
    Work.SWITCH: ("cavity", "switch_position"),
    Work.HELIUM_FILL: (),
}


def check_scenario(scenario: Scenario) -> None:
    """Refuse a scenario whose parts do not fit together.

    Raises
    ------
    MisfitError
        With the place of the first mistake and a sentence.
    """
    _check_fridge(scenario)
    _check_magnet(scenario)
    _check_run(scenario)
    for index, work in enumerate(scenario.interventions):
        _check_intervention(("interventions", str(index)), work, scenario.duration_s)
    for index, event in enumerate(scenario.failures):
        _check_failure(("failures", str(index)), event, scenario)
    _check_contradictions(scenario)


def end_of(event: FailureSection, duration_s: float) -> float:
    """Return when the recovery of a failure begins, in s."""
    return duration_s if event.to_s is None else event.to_s


def _check_fridge(scenario: Scenario) -> None:
    free_s = 0.0
    for index, cycle in enumerate(scenario.fridge.thermal_cycles):
        where = ("fridge", "thermal_cycles", str(index), "at_s")
        _check_time(where, cycle.at_s, scenario.duration_s)
        if cycle.at_s < free_s:
            raise MisfitError(
                where, f"comes before the cycle before has warmed up ({free_s:g} s)"
            )
        free_s = cycle.at_s + cycle.warm_up_s + cycle.access_s


def _check_magnet(scenario: Scenario) -> None:
    quenches = [one for one in scenario.failures if one.failure == "magnet_quench"]
    free_s, here = 0.0, scenario.magnet.start_field_tesla
    for index, ramp in enumerate(scenario.magnet.ramps):
        where = ("magnet", "ramps", str(index), "at_s")
        _check_time(where, ramp.at_s, scenario.duration_s)
        if ramp.at_s < free_s:
            raise MisfitError(
                where, f"comes while the ramp before still runs (to {free_s:g} s)"
            )
        for quench in quenches:
            if quench.from_s < ramp.at_s < end_of(quench, scenario.duration_s):
                raise MisfitError(
                    where, "comes while the magnet has quenched; ramp after its end"
                )
        way_tesla = abs(ramp.field_tesla - here)
        free_s, here = ramp.at_s + way_tesla / ramp.rate_tesla_per_s, ramp.field_tesla


def _check_run(scenario: Scenario) -> None:
    run = scenario.run
    if run.high_ratio < run.low_ratio:
        raise MisfitError(("run", "high_ratio"), "must not lie below low_ratio")
    if run.most_steps < run.fewest_steps:
        raise MisfitError(("run", "most_steps"), "must not lie below fewest_steps")
    if run.source_power_dbm is not None and run.source_power_dbm > 20.0:
        raise MisfitError(
            ("run", "source_power_dbm"), "must not be above 20, what a VNA can drive"
        )


def _check_intervention(
    where: Path, work: InterventionSection, duration_s: float
) -> None:
    _check_time((*where, "at_s"), work.at_s, duration_s)
    wanted = _WORK_NEEDS[work.work]
    optional = ("cavity", "vna", "source_power_dbm", "antenna_depth_change_m")
    for key in (*optional, "switch_position"):
        given = getattr(work, key) is not None
        if given and key not in wanted:
            raise MisfitError((*where, key), f"does not belong to {work.work}")
        if not given and key in wanted:
            raise MisfitError(where, f"{work.work} needs {key}; add it")


def _check_failure(where: Path, event: FailureSection, scenario: Scenario) -> None:
    failure = _known_failure(where, event.failure)
    _check_time((*where, "from_s"), event.from_s, scenario.duration_s)
    end_s = end_of(event, scenario.duration_s)
    if event.to_s is not None:
        _check_time((*where, "to_s"), event.to_s, scenario.duration_s)
    if end_s <= event.from_s:
        raise MisfitError((*where, "to_s"), f"must lie after from_s ({event.from_s:g})")
    if event.ramp_s is not None and event.ramp_s > end_s - event.from_s:
        raise MisfitError(
            (*where, "ramp_s"),
            f"takes longer than the failure lasts ({end_s - event.from_s:g} s)",
        )
    _check_places(where, event, failure, scenario)
    _check_settings(where, event, failure)


def _known_failure(where: Path, name: str) -> Failure:
    try:
        return find_failure(name)
    except KeyError:
        known = ", ".join(failure.name for failure in CATALOGUE)
        raise MisfitError(
            (*where, "failure"), f"{name} is no failure; there are {known}"
        ) from None


def _check_places(
    where: Path, event: FailureSection, failure: Failure, scenario: Scenario
) -> None:
    wanted = _WANTED[failure.scope]
    for key in _PLACES:
        given = getattr(event, key) is not None
        if given and key not in wanted:
            meant = " and ".join(wanted) or "no place, it is seen by all"
            raise MisfitError(
                (*where, key), f"does not belong to {failure.name}; it takes {meant}"
            )
    for key in _PLACES:
        given = getattr(event, key) is not None
        if not given and key in wanted and key != "plate":
            raise MisfitError(where, f"{failure.name} needs {key}; add it")
    if event.cavity is not None and event.cavity == event.neighbour:
        raise MisfitError((*where, "neighbour"), "must be another cavity")
    if event.plate is not None and event.plate not in scenario.plates:
        listed = ", ".join(scenario.plates) or "none"
        raise MisfitError(
            (*where, "plate"), f"{event.plate} is not among plates ({listed})"
        )


def _check_settings(where: Path, event: FailureSection, failure: Failure) -> None:
    effect: Any = failure.effect
    known = {
        one.name: getattr(effect, one.name)
        for one in fields(effect)
        if one.name != "held_ratio"
    }
    for name, value in event.settings.items():
        place = (*where, "settings", name)
        if name not in known:
            listed = ", ".join(known) or "nothing"
            raise MisfitError(
                place, f"is nothing that {failure.name} can be told; it takes {listed}"
            )
        if isinstance(value, str) != isinstance(known[name], str):
            kind = "a text" if isinstance(known[name], str) else "a number"
            raise MisfitError(
                place, f"must be {kind} like {known[name]}, not {value!r}"
            )


def _check_contradictions(scenario: Scenario) -> None:
    """Refuse two failures at the same place and time that exclude each other."""
    spans = [
        (index, event, end_of(event, scenario.duration_s) + event.recovery_s)
        for index, event in enumerate(scenario.failures)
    ]
    for position, (index, event, end_s) in enumerate(spans):
        for other_index, other, other_end_s in spans[:position]:
            if not (event.from_s < other_end_s and other.from_s < end_s):
                continue
            if _excludes(event, other):
                raise MisfitError(
                    ("failures", str(index)),
                    f"{event.failure} overlaps failures.{other_index}"
                    f" ({other.failure}) at the same place, and both cannot be;"
                    " move or take out one",
                )


def _excludes(event: FailureSection, other: FailureSection) -> bool:
    names = {event.failure, other.failure}
    if event.failure != other.failure and names not in _CONTRADICTIONS:
        return False
    if event.vna != other.vna or event.plate != other.plate:
        return False
    mine = {event.cavity, event.neighbour} - {None}
    theirs = {other.cavity, other.neighbour} - {None}
    return bool(mine & theirs) or (not mine and not theirs)


def _check_time(where: Path, time_s: float, duration_s: float) -> None:
    if time_s > duration_s:
        raise MisfitError(
            where,
            f"{time_s:g} lies after the scenario's end (duration_s {duration_s:g})",
        )
