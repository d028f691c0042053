"""Putting a scenario on an array: places become cavities, sections become a life."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from instruments.array import ArrayConfig
from instruments.array.config import SimulationConfig
from instruments.errors import ArrayConfigError
from instruments.simulation.calibration import wide_sweep_of
from instruments.simulation.conditions import DEFAULT_COUPLING_BETA
from instruments.simulation.failures import Effect, Onset, Scope, find_failure
from instruments.simulation.failures.cavity_effects import (
    ModeCrossing,
    crossing_position_ratio,
)
from instruments.simulation.failures.receiver_effects import LooseConnector
from instruments.simulation.life import (
    CavityPlace,
    FailureEvent,
    Intervention,
    Life,
    LifePlan,
    MagnetRamp,
    RunPlan,
    ThermalCycle,
    Work,
)
from instruments.simulation.life.plan import DAY_S
from instruments.simulation.physics.chain import ReceiverHardware
from instruments.simulation.physics.chain.hardware import LINE_NAMES
from instruments.simulation.scenarios.checks import GLITCH_HIT_RATIO, end_of
from instruments.simulation.scenarios.loading import ScenarioFile
from instruments.simulation.scenarios.sections import (
    FailureSection,
    InterventionSection,
    Scenario,
)

ONE_PLATE = "fridge"
"""Plate of every cavity where the scenario names none."""

_LONG_COLD_S = -30.0 * DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roster:
    """The names of an array, and how a scenario may call them."""

    file: ScenarioFile
    cavities: tuple[str, ...]
    vna_of: Mapping[str, str]

    @property
    def vnas(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.vna_of.values()))

    def cavity(self, called: str, path: tuple[str, ...]) -> str:
        return self._resolved(called, self.cavities, path, "cavity", "cavities")

    def vna(self, called: str, path: tuple[str, ...]) -> str:
        return self._resolved(called, self.vnas, path, "VNA", "VNAs")

    def on_vna(self, vna: str) -> tuple[str, ...]:
        return tuple(name for name in self.cavities if self.vna_of[name] == vna)

    def _resolved(
        self,
        called: str,
        known: Sequence[str],
        path: tuple[str, ...],
        one: str,
        many: str,
    ) -> str:
        if called in known:
            return called
        if called.startswith("#"):
            if int(called[1:]) <= len(known):
                return known[int(called[1:]) - 1]
            raise self.file.mistake(
                path, f"{called} is more than the array's {len(known)} {many}"
            )
        listed = ", ".join(known[:10])
        raise self.file.mistake(
            path, f"{called} is no {one} of the array ({listed}); name one of those"
        )


def stage(
    file: ScenarioFile, config: ArrayConfig, *, seed: int, cycle_name: str = "first"
) -> LifePlan:
    """Put a scenario on an array.

    Parameters
    ----------
    seed
        Of everything that the scenario leaves to chance; the hardware's stands in the
        array file.
    cycle_name
        Name of the first thermal cycle; further ones are numbered.

    Raises
    ------
    ScenarioError
        If the scenario names what the array does not have.
    ArrayConfigError
        If the array cannot be lived: no wide sweep, or a mode outside of its band.
    """
    roster = _Roster(
        file=file,
        cavities=tuple(config.cavities),
        vna_of={name: one.vna for name, one in config.cavities.items()},
    )
    scenario = file.scenario
    simulation = config.simulation or SimulationConfig()
    power_dbm = scenario.run.source_power_dbm
    plan = LifePlan(
        seed=seed,
        hardware_seed=simulation.seed,
        duration_s=scenario.duration_s,
        places=places_of(config, _plates(roster)),
        cycles=_cycles(scenario, cycle_name),
        ramps=tuple(
            MagnetRamp(
                at_s=ramp.at_s,
                field_tesla=ramp.field_tesla,
                rate_tesla_per_s=ramp.rate_tesla_per_s,
            )
            for ramp in scenario.magnet.ramps
        ),
        interventions=tuple(
            _intervention(roster, index, one)
            for index, one in enumerate(scenario.interventions)
        ),
        events=tuple(
            _event(roster, index, one) for index, one in enumerate(scenario.failures)
        ),
        run=RunPlan(
            step_period_s=scenario.run.step_period_s,
            step_ratio=scenario.run.step_ratio,
            low_ratio=scenario.run.low_ratio,
            high_ratio=scenario.run.high_ratio,
            fewest_steps=scenario.run.fewest_steps,
            most_steps=scenario.run.most_steps,
        ),
        cool_down_s=scenario.fridge.cool_down_s,
        base_temperature_k=scenario.fridge.base_temperature_k,
        start_field_tesla=scenario.magnet.start_field_tesla,
        stray_field_tesla=scenario.magnet.stray_field_tesla,
        source_power_dbm=(
            wide_sweep_of(config).source_power_dbm if power_dbm is None else power_dbm
        ),
        jpa_gain_db=scenario.run.jpa_gain_db,
    )
    _check_parts(file, plan)
    return plan


def places_of(
    config: ArrayConfig, plates: Mapping[str, str] | None = None
) -> tuple[CavityPlace, ...]:
    """Read the cavities of a life out of an array file.

    Parameters
    ----------
    plates
        Cavity to its plate; all are on one where None.

    Raises
    ------
    ArrayConfigError
        If a mode lies outside of the band, or there is no wide sweep.
    """
    sweep = wide_sweep_of(config)
    places = []
    for name, cavity in config.cavities.items():
        f0_hz = cavity.expected.resonant_frequency_hz
        low_hz, high_hz = sweep.start_frequency_hz, sweep.stop_frequency_hz
        if not low_hz < f0_hz < high_hz:
            raise ArrayConfigError(
                f"cavities.{name}.expected.resonant_frequency_hz: {f0_hz:g} Hz lies"
                f" outside of the wide sweep, {low_hz:g} to {high_hz:g} Hz"
            )
        places.append(
            CavityPlace(
                name=name,
                vna=cavity.vna,
                plate=(plates or {}).get(name, ONE_PLATE),
                resonant_frequency_hz=f0_hz,
                loaded_q=cavity.expected.loaded_q,
                coupling_beta=cavity.expected.coupling_beta or DEFAULT_COUPLING_BETA,
            )
        )
    return tuple(places)


def _plates(roster: _Roster) -> dict[str, str]:
    found: dict[str, str] = {}
    for plate, called in roster.file.scenario.plates.items():
        for index, place in enumerate(called):
            path = ("plates", plate, str(index))
            cavity = roster.cavity(place, path)
            if cavity in found:
                raise roster.file.mistake(
                    path, f"{cavity} is already on plate {found[cavity]}"
                )
            found[cavity] = plate
    return found


def _cycles(scenario: Scenario, name: str) -> tuple[ThermalCycle, ...]:
    is_cold = scenario.fridge.begins == "cold"
    begun_s = _LONG_COLD_S - scenario.fridge.cool_down_s if is_cold else 0.0
    cycles = [
        ThermalCycle(
            name=name,
            warm_from_s=begun_s,
            cooling_from_s=begun_s,
            touch=scenario.fridge.touched,
        )
    ]
    for number, one in enumerate(scenario.fridge.thermal_cycles, start=2):
        warm_s = one.at_s + one.warm_up_s
        cycles.append(
            ThermalCycle(
                name=f"{name}-{number}",
                warm_from_s=one.at_s,
                cooling_from_s=warm_s + one.access_s,
                touch=one.touched,
            )
        )
    return tuple(cycles)


def _intervention(
    roster: _Roster, index: int, one: InterventionSection
) -> Intervention:
    path = ("interventions", str(index))
    vna, cavities = None, roster.cavities
    if one.cavity is not None:
        cavities = (roster.cavity(one.cavity, (*path, "cavity")),)
    if one.vna is not None:
        vna = roster.vna(one.vna, (*path, "vna"))
        cavities = roster.on_vna(vna)
    value = {
        Work.POWER: one.source_power_dbm,
        Work.ANTENNA: one.antenna_depth_change_m,
        Work.SWITCH: one.switch_index(),
    }.get(one.work)
    return Intervention(
        work=one.work, at_s=one.at_s, cavities=cavities, vna=vna, value=value or 0.0
    )


def _event(roster: _Roster, index: int, one: FailureSection) -> FailureEvent:
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
    roster: _Roster, path: tuple[str, ...], one: FailureSection, scope: Scope
) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Return what a shift would name, who has it, and pairs."""
    match scope:
        case Scope.ARRAY:
            return "array", roster.cavities, {}
        case Scope.PLATE:
            plates = _plates(roster)
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
    roster: _Roster, path: tuple[str, ...], one: FailureSection
) -> tuple[str, tuple[str, ...], dict[str, str]]:
    cavity = roster.cavity(str(one.cavity), (*path, "cavity"))
    other = roster.cavity(str(one.neighbour), (*path, "neighbour"))
    if cavity == other:
        raise roster.file.mistake((*path, "neighbour"), "must be another cavity")
    if one.failure == "swapped_cables":
        return cavity, (cavity, other), {cavity: other, other: cavity}
    return cavity, (cavity,), {cavity: other}


def _check_parts(file: ScenarioFile, plan: LifePlan) -> None:
    """Refuse a part or a crossing that the drawn hardware does not have."""
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
