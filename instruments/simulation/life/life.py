"""The life of an array: seed and time in, hardware and operating point out.

Nothing is stepped. Every number is a function of the plan, the seed and the time, so
that a year can be asked for in any order, alone or many times at once.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.drift import Drift
from instruments.simulation.life.alteration import Alteration
from instruments.simulation.life.building import Workshop, recalibrations
from instruments.simulation.life.chance import moments, normals
from instruments.simulation.life.courses import Course
from instruments.simulation.life.fridge import fridge_at, magnet_course, room_at
from instruments.simulation.life.plan import (
    DAY_S,
    Intervention,
    LifePlan,
    Work,
)
from instruments.simulation.life.sample import (
    HEALTHY,
    LifeSample,
)
from instruments.simulation.life.tuning import rod_at
from instruments.simulation.physics.chain import OperatingPoint

Floats = npt.NDArray[np.float64]

JITTER_RATIO = 1.0e-7
"""Standard deviation of the relative jitter of f0 from sweep to sweep."""

FLUX_JITTER_RATIO = 2.0e-5
"""The same of the flux through the JPA, in flux quanta."""

FIRST_CALIBRATION_S = -DAY_S
"""When the VNAs were calibrated before the life began, in s."""

_STRAY_FIELD = "circulator_stray_field"


class Life:
    """The life of an array.

    Parameters
    ----------
    plan
        What happens; with its seed it fixes every number.
    """

    def __init__(self, plan: LifePlan) -> None:
        self.plan = plan
        self._workshop = Workshop(plan)
        self._magnet = magnet_course(plan)
        self._drifts = {
            (place.name, cycle.name): Drift(plan.seed, place.name, cycle.name)
            for place in plan.places
            for cycle in plan.cycles
        }

    def sample(self, cavity: str, time_s: Any) -> LifeSample:
        """Return a cavity at times in s, shape (sweep,), in any order.

        Raises
        ------
        KeyError
            If there is no such cavity.
        ValueError
            If a time lies outside of the life.
        """
        moments_s = self._checked(time_s)
        well = self._well(cavity, moments_s)
        levels = [
            (event, event.level(moments_s, self.plan.seed, cavity))
            for event in self.plan.events
            if cavity in event.cavities
        ]
        return Alteration(self.plan, self._well).of(well, levels) if levels else well

    def _checked(self, time_s: Any) -> Floats:
        moments_s = np.atleast_1d(np.asarray(time_s, dtype=np.float64))
        if moments_s.ndim != 1 or not np.isfinite(moments_s).all():
            raise ValueError("times must be finite seconds in one row")
        if moments_s.size and not (
            moments_s.min() >= 0.0 and moments_s.max() <= self.plan.duration_s
        ):
            raise ValueError(
                f"times must lie from 0 to {self.plan.duration_s:g} s, the life's end"
            )
        return moments_s

    def _well(self, cavity: str, time_s: Floats) -> LifeSample:
        """Return the cavity as it would be without any failure."""
        place = self.plan.place(cavity)
        epochs = self._workshop.epochs(cavity)
        starts_s = [epoch.from_s for epoch in epochs]
        epoch_index = np.maximum(np.searchsorted(starts_s, time_s, "right") - 1, 0)
        seen = np.unique(epoch_index)
        hardware = tuple(self._workshop.build(cavity, int(one)) for one in seen)
        cycle_index = np.asarray([epoch.cycle_index for epoch in epochs])[epoch_index]
        cycles = self.plan.cycles
        cooling_s = np.asarray([cycle.cooling_from_s for cycle in cycles])[cycle_index]
        names = np.asarray([cycle.name for cycle in cycles])
        return LifeSample(
            cavity=cavity,
            time_s=time_s,
            hardware=hardware or (self._workshop.build(cavity, 0),),
            hardware_index=np.searchsorted(seen, epoch_index),
            point=self._point(cavity, place.vna, time_s, cycle_index),
            condition=np.full(time_s.shape, HEALTHY, dtype="U32"),
            severity=np.zeros(time_s.shape),
            thermal_cycle=names[cycle_index],
            component=np.full(time_s.shape, f"circulator-{cavity}", dtype="U96"),
            is_cold=time_s - cooling_s >= self.plan.cool_down_s,
            altered={},
        )

    def _point(
        self,
        cavity: str,
        vna: str,
        time_s: Floats,
        cycle_index: npt.NDArray[np.int64],
    ) -> OperatingPoint:
        plan, shape = self.plan, time_s.shape
        fridge = fridge_at(plan, time_s)
        position, direction = rod_at(plan, cavity, time_s)
        gain_db, shift = self._drift(cavity, time_s, cycle_index)
        index = moments(time_s)
        calibrated_s = _last_before(recalibrations(plan, vna), time_s)
        flux = 0.3 + FLUX_JITTER_RATIO * normals(plan.seed, f"flux/{cavity}", index)
        values = {
            "cavity_temperature_k": fridge.cavity_temperature_k,
            "rod_temperature_k": fridge.rod_temperature_k,
            "magnet_field_tesla": fridge.magnet_field_tesla,
            "magnetic_field_tesla": np.full(shape, plan.stray_field_tesla),
            "remanent_field_tesla": self._remembered(cavity, time_s),
            "rod_position_ratio": position,
            "rod_direction_factor": direction,
            "antenna_depth_change_m": self._set(Work.ANTENNA, cavity, time_s, 0.0),
            "gas_permittivity_ratio": np.ones(shape),
            "gas_loss_ratio": np.zeros(shape),
            "frequency_shift_ratio": shift
            + JITTER_RATIO * normals(plan.seed, f"jitter/{cavity}", index),
            "switch_position_index": self._set(Work.SWITCH, cavity, time_s, 0.0),
            "flux_quanta_ratio": flux,
            "jpa_gain_db": np.full(shape, plan.jpa_gain_db),
            "jpa_pump_detuning_hz": np.zeros(shape),
            "hemt_bias_ratio": np.ones(shape),
            "gain_drift_db": gain_db,
            "pad_heating_k": np.zeros(shape),
            "source_power_dbm": self._set(
                Work.POWER, cavity, time_s, plan.source_power_dbm
            ),
            "calibration_temperature_k": room_at(plan, calibrated_s),
            "calibration_age_s": time_s - calibrated_s,
        }
        return OperatingPoint(plates=fridge.plates, **values)  # type: ignore[arg-type]

    def _drift(
        self, cavity: str, time_s: Floats, cycle_index: npt.NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        gain_db, shift = np.zeros(time_s.shape), np.zeros(time_s.shape)
        for index in np.unique(cycle_index):
            rows = cycle_index == index
            drift = self._drifts[cavity, self.plan.cycles[int(index)].name]
            gain_db[rows] = drift.gain_db(time_s[rows])
            shift[rows] = drift.frequency_ratio(time_s[rows]) - 1.0
        return gain_db, shift

    def _set(self, work: Work, cavity: str, time_s: Floats, first: float) -> Floats:
        found = np.full(time_s.shape, first)
        for one in self.plan.interventions:
            if one.work is work and cavity in one.cavities:
                found[time_s >= one.at_s] = one.value
        return found

    def _remembered(self, cavity: str, time_s: Floats) -> Floats:
        """Return what the circulator's shield remembers of magnet and stray field.

        The memory of one thermal cycle is not taken into the next.
        """
        found = np.zeros(time_s.shape)
        for index, cycle in enumerate(self.plan.cycles):
            ends = self.plan.cycles[index + 1 :]
            end_s = ends[0].warm_from_s if ends else np.inf
            start_s = cycle.warm_from_s if index else -np.inf
            rows = (time_s >= start_s) & (time_s < end_s)
            if rows.any():
                circulator = self._workshop.build(cavity, 0).circulator
                course = self._field_course(cavity, start_s, end_s)
                width = circulator.coercive_field_tesla
                found[rows] = course.remembered_at(time_s[rows], width)
        return found

    def _field_course(self, cavity: str, start_s: float, end_s: float) -> Course:
        circulator = self._workshop.build(cavity, 0).circulator
        share = circulator.magnet_share_ratio
        bumps = [
            (event, getattr(event.failure.effect, "full_field_tesla", 0.0))
            for event in self.plan.events
            if event.failure.name == _STRAY_FIELD and cavity in event.cavities
        ]
        corners = {*self._magnet.time_s}
        for event, _ in bumps:
            corners |= {event.from_s, event.from_s + event.ramp_s}
            corners |= {event.to_s - 1e-3, event.to_s, event.gone_s}
        times = sorted(one for one in corners if start_s <= one < end_s)
        inner_s = np.asarray(times or [max(start_s, 0.0)])
        field = self.plan.stray_field_tesla + share * self._magnet.at(inner_s)
        for event, full_tesla in bumps:
            field = field + full_tesla * event.level(inner_s, self.plan.seed, cavity)
        return Course(time_s=tuple(inner_s), value=tuple(field))


def _last_before(works: tuple[Intervention, ...], time_s: Floats) -> Floats:
    found = np.full(time_s.shape, FIRST_CALIBRATION_S)
    for one in works:
        found[time_s >= one.at_s] = one.at_s
    return found
