"""From the failures of a scenario to those of a life: who has what."""

from dataclasses import fields, replace
from typing import Any

from instruments.simulation.failures import Effect, Onset, Scope, find_failure
from instruments.simulation.failures.cavity_effects import (
    ModeCrossing,
    crossing_position_ratio,
)
from instruments.simulation.failures.receiver_effects import LooseConnector
from instruments.simulation.life import FailureEvent, Life, LifePlan
from instruments.simulation.physics.chain import ReceiverHardware
from instruments.simulation.physics.chain.hardware import LINE_NAMES
from instruments.simulation.scenarios.checks import GLITCH_HIT_RATIO, end_of
from instruments.simulation.scenarios.loading import ScenarioFile
from instruments.simulation.scenarios.roster import Roster, plates_of
from instruments.simulation.scenarios.sections import FailureSection

ONE_PLATE = "fridge"
"""Plate of every cavity where the scenario names none."""


def event_of(roster: Roster, index: int, one: FailureSection) -> FailureEvent:
    """Return a failure of the scenario as one of the life.

    Raises
    ------
    ScenarioError
        If it names what the array or the effect does not have.
    """
    path = ("failures", str(index))
    failure = find_failure(one.failure)
    if one.settings:
        failure = replace(failure, effect=_told(roster.file, path, one))
    where, cavities, neighbours = _scope(roster, path, one, failure.scope)
    end_s = end_of(one, roster.file.scenario.duration_s)
    usual_s = 0.0 if failure.onset is Onset.ONE_SWEEP else failure.time_scale_s
    ramp_s = min(usual_s, end_s - one.from_s) if one.ramp_s is None else one.ramp_s
    usual_ratio = GLITCH_HIT_RATIO if failure.onset is Onset.ONE_SWEEP else 1.0
    return FailureEvent(
        failure=failure,
        cavities=cavities,
        where=where,
        from_s=one.from_s,
        to_s=end_s,
        neighbours=neighbours,
        ramp_s=ramp_s,
        recovery_s=one.recovery_s,
        severity=one.severity,
        hit_ratio=usual_ratio if one.hit_ratio is None else one.hit_ratio,
    )


def _told(file: ScenarioFile, path: tuple[str, ...], one: FailureSection) -> Any:
    """Return the effect with its settings, of the types that it has."""
    effect: Any = find_failure(one.failure).effect
    kinds = {own.name: type(getattr(effect, own.name)) for own in fields(effect)}
    values = {}
    for name, value in one.settings.items():
        place = (*path, "settings", name)
        if name == "line" and value not in LINE_NAMES:
            listed = ", ".join(LINE_NAMES)
            raise file.mistake(place, f"{value} is no line; there are {listed}")
        try:
            values[name] = kinds[name](value)
        except ValueError as error:
            raise file.mistake(place, f"{error}") from None
    return replace(effect, **values)


def _scope(
    roster: Roster, path: tuple[str, ...], one: FailureSection, scope: Scope
) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Return what a shift would name, who has it, and pairs."""
    match scope:
        case Scope.ARRAY:
            return "array", roster.cavities, {}
        case Scope.PLATE:
            plates = plates_of(roster)
            plate = one.plate or ONE_PLATE
            on = [
                name
                for name in roster.cavities
                if one.plate is None or plates.get(name) == one.plate
            ]
            return plate, tuple(on), {}
        case Scope.VNA:
            vna = roster.vna(str(one.vna), (*path, "vna"))
            return vna, roster.on_vna(vna), {}
        case Scope.CAVITY:
            cavity = roster.cavity(str(one.cavity), (*path, "cavity"))
            return cavity, (cavity,), {}
        case Scope.PAIR:
            return _pair(roster, path, one)


def _pair(
    roster: Roster, path: tuple[str, ...], one: FailureSection
) -> tuple[str, tuple[str, ...], dict[str, str]]:
    cavity = roster.cavity(str(one.cavity), (*path, "cavity"))
    other = roster.cavity(str(one.neighbour), (*path, "neighbour"))
    if cavity == other:
        raise roster.file.mistake((*path, "neighbour"), "must be another cavity")
    if one.failure == "swapped_cables":
        return cavity, (cavity, other), {cavity: other, other: cavity}
    return cavity, (cavity,), {cavity: other}


def check_parts(file: ScenarioFile, plan: LifePlan) -> None:
    """Refuse a part or a crossing that the drawn hardware does not have.

    Raises
    ------
    ScenarioError
        For the first one.
    """
    life = Life(plan)
    for index, event in enumerate(plan.events):
        hardware = life.sample(event.cavities[0], [0.0]).hardware[0]
        try:
            _check_part(event.failure.effect, hardware)
        except ValueError as error:
            path = ("failures", str(index), "failure")
            raise file.mistake(path, str(error)) from None


def _check_part(effect: Effect, hardware: ReceiverHardware) -> None:
    if isinstance(effect, ModeCrossing):
        modes = hardware.cavity.modes
        if not 1 <= effect.mode_index < len(modes):
            raise ValueError(f"mode_index must lie from 1 to {len(modes) - 1}")
        crossing_position_ratio(modes[0], modes[effect.mode_index])
    if isinstance(effect, LooseConnector):
        last = len(hardware.line(effect.line).connectors) - 1
        if not 0 <= effect.connector_index <= last:
            raise ValueError(f"connector_index of {effect.line} must be 0 to {last}")
