"""Failures of circulators, amplifiers, lines and switch."""

from dataclasses import dataclass, replace

import numpy as np

from instruments.simulation.failures.situation import ComplexTrace, Situation, Traces
from instruments.simulation.physics.chain.drawing import draw_unit
from instruments.simulation.physics.chain.junction import follow_field
from instruments.simulation.physics.chain.switch import SwitchPosition
from instruments.simulation.physics.chain.vector import (
    list_constants,
    read_constants,
    with_constants,
)

_TRACES_OF_LINE = {
    "weak_line": ("S21", "S11", "S12", "S31", "S13"),
    "bypass_line": ("S23", "S33", "S32", "S31", "S13"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CirculatorStrayField:
    """A field at the circulator's shield; severity 1 is ``full_field_tesla``."""

    full_field_tesla: float = 0.05

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Raise the stray field; the shield remembers it."""
        field_tesla = situation.point.magnetic_field_tesla
        field_tesla = field_tesla + severity * self.full_field_tesla
        remembered = follow_field(
            situation.hardware.circulator,
            [field_tesla],
            situation.point.remanent_field_tesla,
        )
        return situation.at(
            magnetic_field_tesla=field_tesla, remanent_field_tesla=remembered[-1]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongCirculator:
    """Another unit off the shelf; severity is how far it lies from the right one."""

    unit_seed: int = 1

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Move every constant of the circulator to that of the other unit."""
        here = situation.hardware.circulator
        other = draw_unit(here, np.random.default_rng(self.unit_seed))
        names = [constant.name for constant in list_constants(here)]
        pairs = zip(
            names,
            read_constants(here, names),
            read_constants(other, names),
            strict=True,
        )
        values = {name: own + severity * (new - own) for name, own, new in pairs}
        circulator = with_constants(here, values)
        return replace(
            situation, hardware=replace(situation.hardware, circulator=circulator)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HemtBiasLost:
    """Drain current goes; at severity 1 all of it."""

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Lower the bias."""
        return situation.at(
            hemt_bias_ratio=situation.point.hemt_bias_ratio * (1.0 - severity)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFlicker:
    """Phase that walks from point to point behind a bad contact.

    Attributes
    ----------
    names
        Traces that go through it.
    step_rad
        Standard deviation of the phase in rad from one point to the next.
    """

    names: tuple[str, ...]
    step_rad: float

    def __call__(self, traces: Traces, rng: np.random.Generator) -> Traces:
        """Return the traces with a walking phase."""
        return {
            name: self._shaken(trace, rng) if name in self.names else trace
            for name, trace in traces.items()
        }

    def _shaken(self, trace: ComplexTrace, rng: np.random.Generator) -> ComplexTrace:
        walk = np.zeros(trace.size)
        for index, kick in enumerate(self.step_rad * rng.standard_normal(trace.size)):
            walk[index] = kick + (0.9 * walk[index - 1] if index else 0.0)
        return np.asarray(trace * np.exp(1j * walk))


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseConnector:
    """A contact opens; severity 1 loses some 40 dB there.

    Attributes
    ----------
    line
        Name of the line.
    connector_index
        Which of its connectors.
    """

    line: str = "bypass_line"
    connector_index: int = 1

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Raise the contact's resistance, and shake the phase behind it."""
        name = f"{self.line}.connectors.{self.connector_index}.contact_resistance_ratio"
        hardware = with_constants(situation.hardware, {name: 200.0 * severity**3})
        traces = _TRACES_OF_LINE.get(self.line, ("S21", "S23", "S12", "S32", "S22"))
        shaken = PhaseFlicker(names=traces, step_rad=0.01 * severity)
        return replace(
            situation,
            hardware=hardware,
            distortions=(*situation.distortions, shaken),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchStuck:
    """The switch stands somewhere else than it was told, at any severity."""

    position: SwitchPosition = SwitchPosition.HOT_LOAD

    def __call__(self, situation: Situation, severity: float) -> Situation:  # noqa: ARG002
        """Set the position that it hangs in."""
        return situation.at(switch_position_index=float(self.position))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttenuatorOverheated:
    """Too much power in the cold pads; the mixing chamber follows."""

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Heat pads, mixing chamber and cavity."""
        point, plates = situation.point, situation.point.plates
        warmer = replace(
            plates, mixing_chamber_k=plates.mixing_chamber_k + 0.15 * severity
        )
        return situation.at(
            plates=warmer,
            pad_heating_k=point.pad_heating_k + 6.0 * severity,
            cavity_temperature_k=point.cavity_temperature_k + 0.1 * severity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JpaFluxJump:
    """The flux through the JPA's loop jumps, or its bias drifts."""

    full_flux_ratio: float = 0.01

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Move the flux."""
        flux_ratio = situation.point.flux_quanta_ratio
        return situation.at(
            flux_quanta_ratio=flux_ratio + severity * self.full_flux_ratio
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CavityJpaStandingWave:
    """Isolation between cavity and JPA is lost: they see each other."""

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Spoil the splitting of the circulators between the two."""
        patterns = ("circulator.splitting_ratio", "jpa.circulator.splitting_ratio")
        return _scaled(situation, patterns, 1.0 + 0.5 * severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class NbtiLineNormal:
    """The superconducting output line is warmer than its transition.

    Told as a transition that falls below the line's temperature, which is the same to
    the signal and needs no change of the plates.
    """

    line: str = "cold_output_line"

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Lower the transition of the line's superconductors."""
        pattern = f"{self.line}.parts.*.critical_temperature_k"
        return _scaled(situation, (pattern,), 1.0 - severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongPower:
    """The VNA drives with another power; severity 1 is ``full_power_dbm``."""

    full_power_dbm: float = 10.0

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Move the source power."""
        power_dbm = situation.point.source_power_dbm
        return situation.at(
            source_power_dbm=power_dbm + severity * (self.full_power_dbm - power_dbm)
        )


def _scaled(
    situation: Situation, patterns: tuple[str, ...], factor: float
) -> Situation:
    values = {
        constant.name: constant.value * factor
        for constant in list_constants(situation.hardware, patterns)
    }
    return replace(situation, hardware=with_constants(situation.hardware, values))
