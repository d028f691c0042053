"""What failures do to a sample: each sweep that shows one is worked out by itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.failures import Situation
from instruments.simulation.failures.cavity_effects import TuningRodStuck
from instruments.simulation.life.failure_event import FailureEvent
from instruments.simulation.life.plan import (
    LifePlan,
)
from instruments.simulation.life.sample import LifeSample, put_row, rows_of_point
from instruments.simulation.life.tuning import rod_at
from instruments.simulation.physics.chain import ReceiverHardware

Floats = npt.NDArray[np.float64]

_LASTING = "magnet_quench"


class Alteration:
    """Puts failures on samples.

    Parameters
    ----------
    plan
        The life.
    well_of
        Gives a cavity at times in s as it would be without any failure.
    """

    def __init__(
        self, plan: LifePlan, well_of: Callable[[str, Floats], LifeSample]
    ) -> None:
        self._plan = plan
        self._well = well_of

    def of(
        self, well: LifeSample, levels: list[tuple[FailureEvent, Floats]]
    ) -> LifeSample:
        """Return the sample with its failures, each sweep that has one by itself."""
        touched = np.zeros(well.sweep_count, dtype=bool)
        worst = well.severity.copy()
        condition = well.condition.copy()
        for event, level in levels:
            touched |= (level > 0.0) | self._lasts(event, well.time_s)
            worse = level > worst
            condition[worse] = event.failure.name
            worst[worse] = level[worse]
        if not touched.any():
            return well
        return self._rebuilt(well, np.flatnonzero(touched), levels, condition, worst)

    def _rebuilt(
        self,
        well: LifeSample,
        rows: npt.NDArray[np.int64],
        levels: list[tuple[FailureEvent, Floats]],
        condition: npt.NDArray[np.str_],
        severity: Floats,
    ) -> LifeSample:
        neighbours = self._neighbours(levels, well, rows)
        hardware = _Shelf(well.hardware)
        hardware_index = well.hardware_index.copy()
        component = well.component.copy()
        point = rows_of_point(well.point, np.arange(well.sweep_count))
        altered = {}
        for number, row in enumerate(rows):
            before, at_s = well.situation(int(row)), float(well.time_s[row])
            states = [(event, float(level[row])) for event, level in levels]
            others = {name: one.situation(number) for name, one in neighbours.items()}
            now = self._now(before, states, at_s, others)
            key = self._key(int(well.hardware_index[row]), states, at_s, others)
            now = replace(now, hardware=hardware.keep(key, now.hardware))
            hardware_index[row] = hardware.index_of(now.hardware)
            component[row] = _component_of(states, str(component[row]))
            put_row(point, int(row), now.point)
            altered[int(row)] = now
        return replace(
            well,
            hardware=hardware.units,
            hardware_index=hardware_index,
            point=point,
            condition=condition,
            severity=severity,
            component=component,
            altered=altered,
        )

    def _key(
        self,
        hardware_index: int,
        states: list[tuple[FailureEvent, float]],
        at_s: float,
        others: Mapping[str, Situation],
    ) -> tuple[Any, ...]:
        """Return what the hardware of a sweep depends on."""
        lasting = tuple(bool(self._lasts(event, at_s)) for event, _ in states)
        levels = tuple(level for _, level in states)
        own = tuple(id(other.hardware) for other in others.values())
        return hardware_index, levels, lasting, own

    def _now(
        self,
        before: Situation,
        states: list[tuple[FailureEvent, float]],
        at_s: float,
        others: Mapping[str, Situation],
    ) -> Situation:
        now = before
        for event, level in states:
            if self._lasts(event, at_s):
                jolted = event.failure.apply(before, event.severity).hardware
                now = replace(now, hardware=jolted)
            if level > 0.0:
                kept = now.hardware
                if event.neighbours:
                    now = replace(now, neighbour=_other_of(event, others))
                now = self._effect(event, now, level)
                if event.failure.name == _LASTING:
                    now = replace(now, hardware=kept)
        return now

    def _effect(self, event: FailureEvent, now: Situation, level: float) -> Situation:
        effect = event.failure.effect
        if isinstance(effect, TuningRodStuck):
            onset = np.asarray([event.from_s])
            cavity = event.cavities[0]
            held = float(rod_at(self._plan, cavity, onset)[0][0])
            effect = replace(effect, held_ratio=held)
            return replace(event.failure, effect=effect).apply(now, level)
        return event.failure.apply(now, level)

    def _lasts(self, event: FailureEvent, time_s: Any) -> Any:
        """Return whether what a quench has moved is still there."""
        if event.failure.name != _LASTING:
            return np.zeros(np.shape(time_s), dtype=bool)
        warm = [
            one.warm_from_s
            for one in self._plan.cycles
            if one.warm_from_s > event.from_s
        ]
        return (time_s >= event.from_s) & (time_s < min(warm, default=np.inf))

    def _neighbours(
        self,
        levels: list[tuple[FailureEvent, Floats]],
        well: LifeSample,
        rows: npt.NDArray[np.int64],
    ) -> dict[str, LifeSample]:
        """Return the other cavities of pairs at the touched rows, without failures."""
        names = {
            event.neighbours[well.cavity] for event, _ in levels if event.neighbours
        }
        return {name: self._well(name, well.time_s[rows]) for name in sorted(names)}


class _Shelf:
    """Hardware that was met, each once."""

    def __init__(self, hardware: tuple[ReceiverHardware, ...]) -> None:
        self.units = hardware
        self._places = {id(one): index for index, one in enumerate(hardware)}
        self._made: dict[tuple[Any, ...], ReceiverHardware] = {}

    def keep(
        self, key: tuple[Any, ...], hardware: ReceiverHardware
    ) -> ReceiverHardware:
        if id(hardware) in self._places:
            return hardware
        return self._made.setdefault(key, hardware)

    def index_of(self, hardware: ReceiverHardware) -> int:
        place = self._places.get(id(hardware))
        if place is None:
            place = len(self.units)
            self.units = (*self.units, hardware)
            self._places[id(hardware)] = place
        return place


def _component_of(states: list[tuple[FailureEvent, float]], own: str) -> str:
    for event, level in states:
        if event.failure.name == "wrong_circulator" and level > 0.0:
            return f"circulator-shelf-{getattr(event.failure.effect, 'unit_seed', 0)}"
        if event.failure.name == "swapped_cables" and level > 0.0:
            cavity = own.removeprefix("circulator-")
            return f"circulator-{event.neighbours[cavity]}"
    return own


def _other_of(event: FailureEvent, others: Mapping[str, Situation]) -> Situation:
    found = [name for name in event.neighbours.values() if name in others]
    return others[found[0]]
