"""The emulated array as it lives: its VNAs look at receivers over months."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from instruments.array import ArrayConfig
from instruments.array.config import SimulationConfig
from instruments.clock import Clock
from instruments.measurement import FrequencyAxis
from instruments.simulation.array import EmulatedArray
from instruments.simulation.failures import (
    Situation,
    find_failure,
    observe,
    respond,
)
from instruments.simulation.failures.situation import ComplexTrace
from instruments.simulation.faults import FaultKind
from instruments.simulation.life import Life, truth_records
from instruments.simulation.life.sample import LifeSample
from instruments.simulation.physics.chain import SweepSettings
from instruments.simulation.receiver import ReceiverState, state_of
from instruments.simulation.scenarios import ScenarioFile, find_scenario, stage
from instruments.simulation.streams import stream

QUIET = "a-quiet-week"
"""Scenario that is played where none is named."""

_FOREVER_S = 4.0e8
_FAILURES = {
    FaultKind.CIRCULATOR_STRAY_FIELD: "circulator_stray_field",
    FaultKind.LOOSE_CONNECTOR: "loose_connector",
    FaultKind.AMPLIFIER_FAULT: "hemt_bias_lost",
    FaultKind.FRIDGE_WARMING: "fridge_warm_up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingSnapshot:
    """What a VNA sees of one receiver at one moment, the same at every reading.

    Attributes
    ----------
    situation
        The receiver and its surroundings.
    noise_seed
        Seed of the array, name of the cavity, number of the sweep.
    """

    situation: Situation
    noise_seed: tuple[int, str, int]

    def response(
        self,
        frequency_hz: FrequencyAxis,
        s_parameters: Sequence[str],
        *,
        source_power_dbm: float,
    ) -> dict[str, ComplexTrace]:
        """Return traces without noise, complex128, each shape (point,)."""
        driven = self.situation.at(source_power_dbm=min(source_power_dbm, 20.0))
        traces = respond(driven, frequency_hz, s_parameters)
        return {name: trace.reshape(-1) for name, trace in traces.items()}

    def look(
        self,
        frequency_hz: FrequencyAxis,
        s_parameters: Sequence[str],
        *,
        if_bandwidth_hz: float,
        source_power_dbm: float,
        averaging_count: int,
        is_driven: bool = True,
    ) -> dict[str, ComplexTrace]:
        """Return noisy traces, complex128, each shape (point,).

        Parameters
        ----------
        is_driven
            Whether the source is on; without it there is next to nothing.
        """
        seed, cavity, serial = self.noise_seed
        settings = SweepSettings(
            if_bandwidth_hz=if_bandwidth_hz, averaging_count=averaging_count
        )
        driven = self.situation.at(source_power_dbm=min(source_power_dbm, 20.0))
        found = {}
        for name in s_parameters:
            rng = stream(seed, cavity, f"life noise {serial} {name}")
            seen = observe(
                driven, frequency_hz, rng, settings=settings, s_parameters=(name,)
            )[name].reshape(-1)
            if not is_driven:
                still = self.response(
                    frequency_hz, (name,), source_power_dbm=source_power_dbm
                )
                seen = seen - still[name]
            found[name] = seen
        return found


class LivingArray(EmulatedArray):
    """An emulated array whose receivers are those of a life.

    Faults of the control port act on top of the scenario.

    Parameters
    ----------
    config
        The array; ``simulation.seed`` fixes hardware and life.
    clock
        Where real time comes from.
    speed
        Emulated seconds in one real second.
    scenario
        What happens; a quiet week where None. After its end nothing more happens.

    Raises
    ------
    ArrayConfigError, ScenarioError
        If array or scenario cannot be lived.
    """

    def __init__(
        self,
        config: ArrayConfig,
        *,
        clock: Clock,
        speed: float = 1.0,
        scenario: ScenarioFile | None = None,
    ) -> None:
        super().__init__(config, clock=clock, speed=speed)
        seed = (config.simulation or SimulationConfig()).seed
        told = find_scenario(QUIET) if scenario is None else scenario
        plan = stage(told, config, seed=seed)
        self.scenario_name = told.name
        self.life = Life(replace(plan, duration_s=_FOREVER_S))

    def sample(self, cavity: str, at_s: float) -> LifeSample:
        """Return a cavity of the life at an emulated time."""
        return self.life.sample(cavity, [max(0.0, min(at_s, _FOREVER_S))])

    def temperature_k(self, at_s: float) -> float:
        """Return the receivers' temperature in K at an emulated time."""
        name = next(iter(self.cavities))
        return float(self.situation(name, at_s).point.plates.mixing_chamber_k)

    def mixing_chamber_k(self, at_s: float) -> float:
        """Return the mixing chamber's temperature in K; receivers stand on it."""
        return self.temperature_k(at_s)

    def magnetic_field_tesla(self, cavity: str, at_s: float) -> float:
        """Return the stray field in tesla at a cavity's circulator."""
        situation = self.situation(cavity, at_s)
        share = situation.hardware.circulator.magnet_share_ratio
        point = situation.point
        return float(point.magnetic_field_tesla + share * point.magnet_field_tesla)

    def situation(self, cavity: str, at_s: float) -> Situation:
        """Return a receiver with the scenario's failures and the control port's."""
        now = self.sample(cavity, at_s).situation(0)
        for kind, name in _FAILURES.items():
            where = None if kind is FaultKind.FRIDGE_WARMING else cavity
            level = self.faults.level(kind, where, at_s)
            if level > 0.0:
                now = find_failure(name).apply(now, min(level, 1.0))
        return now

    def receiver_state(
        self, cavity: str, at_s: float, serial: int = 0
    ) -> ReceiverState:
        """Return the state of a receiver at an emulated time, as the port tells it."""
        now = self.situation(cavity, at_s)
        strain = super().receiver_state(cavity, at_s, serial).strain
        return state_of(now, strain)

    def scenario_truth(self) -> list[dict[str, Any]]:
        """Return what the scenario does, at the wall times of this run."""
        started_at = self.wall_time() - timedelta(seconds=self.now_s() / self.speed)
        return list(
            truth_records(
                self.life.plan, started_at, self.scenario_name, speed=self.speed
            )
        )

    def snapshot(self, cavity: str, at_s: float, serial: int) -> Any:
        """Freeze a receiver at an emulated time, to be looked at later."""
        return LivingSnapshot(
            situation=self.situation(cavity, at_s),
            noise_seed=(self.seed, cavity, serial),
        )


def build_array(
    config: ArrayConfig,
    *,
    clock: Clock,
    speed: float = 1.0,
    scenario: ScenarioFile | None = None,
) -> EmulatedArray:
    """Return the emulated array, at rest or living as its file or a scenario asks for.

    Parameters
    ----------
    scenario
        What happens; the array lives it, whatever the file says.
    """
    simulation = config.simulation or SimulationConfig()
    if simulation.lives or scenario is not None:
        return LivingArray(config, clock=clock, speed=speed, scenario=scenario)
    return EmulatedArray(config, clock=clock, speed=speed)
