"""Putting a scenario on an array: places become cavities, sections become a life."""

from collections.abc import Mapping

from instruments.array import ArrayConfig
from instruments.array.config import SimulationConfig
from instruments.errors import ArrayConfigError
from instruments.simulation.calibration import wide_sweep_of
from instruments.simulation.conditions import DEFAULT_COUPLING_BETA
from instruments.simulation.life import (
    CavityPlace,
    Intervention,
    LifePlan,
    MagnetRamp,
    RunPlan,
    ThermalCycle,
    Work,
)
from instruments.simulation.life.plan import DAY_S
from instruments.simulation.scenarios.casting import (
    ONE_PLATE,
    check_parts,
    event_of,
)
from instruments.simulation.scenarios.loading import ScenarioFile
from instruments.simulation.scenarios.roster import Roster, plates_of
from instruments.simulation.scenarios.sections import InterventionSection, Scenario

_LONG_COLD_S = -30.0 * DAY_S


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
    roster = Roster(
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
        places=places_of(config, plates_of(roster)),
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
            event_of(roster, index, one) for index, one in enumerate(scenario.failures)
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
    check_parts(file, plan)
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


def _intervention(roster: Roster, index: int, one: InterventionSection) -> Intervention:
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
