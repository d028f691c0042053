"""Failures of fridge, magnet, VNA and of what lies between two receivers."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from instruments.simulation.failures.situation import (
    ComplexTrace,
    Situation,
    Traces,
)
from instruments.simulation.physics.chain.drawing import MatingSpread, mated_again
from instruments.simulation.physics.chain.plates import plates_at

ABSURD_VALUE = 1.0e21
"""What a real archive held where a sample was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateWarming:
    """The 4 K plate warms, and the first stage a little; severity 1 is 60 K."""

    full_heating_k: float = 60.0

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Heat the plate that carries the HEMTs."""
        plates = situation.point.plates
        heat_k = severity * self.full_heating_k
        warmer = replace(
            plates,
            four_kelvin_k=plates.four_kelvin_k + heat_k,
            fifty_kelvin_k=plates.fifty_kelvin_k + 0.5 * heat_k,
        )
        return situation.at(plates=warmer)


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnetRamping:
    """The main magnet ramps; severity is how far it has come."""

    full_field_tesla: float = 8.0

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Raise the field; eddy currents heat the cavity."""
        point = situation.point
        eddy_k = 0.15 * severity * (1.0 - severity)
        return situation.at(
            magnet_field_tesla=point.magnet_field_tesla
            + severity * self.full_field_tesla,
            cavity_temperature_k=point.cavity_temperature_k + eddy_k,
            frequency_shift_ratio=point.frequency_shift_ratio + 2e-6 * severity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnetQuench:
    """The field is gone at once; eddy forces and heat remain.

    Attributes
    ----------
    seed
        Of what moves in this quench.
    """

    seed: int = 14

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Drop the field, heat everything, jolt cavity and connectors."""
        point, plates = situation.point, situation.point.plates
        heat_k = 12.0 * severity
        warmer = replace(
            plates,
            four_kelvin_k=plates.four_kelvin_k + heat_k,
            still_k=plates.still_k + heat_k,
            mixing_chamber_k=plates.mixing_chamber_k + heat_k,
        )
        jolt = MatingSpread(reactance_sigma=0.05 * severity, delay_s=0.0, gain_db=0.0)
        hardware = mated_again(
            situation.hardware, jolt, np.random.default_rng(self.seed)
        )
        moved = situation.at(
            plates=warmer,
            magnet_field_tesla=point.magnet_field_tesla * (1.0 - severity),
            remanent_field_tesla=point.remanent_field_tesla + 1e-3 * severity,
            cavity_temperature_k=point.cavity_temperature_k + heat_k,
            rod_temperature_k=point.rod_temperature_k + heat_k,
            frequency_shift_ratio=point.frequency_shift_ratio - 1e-4 * severity,
        )
        return replace(moved, hardware=hardware)


@dataclass(frozen=True, slots=True, kw_only=True)
class FridgeWarmUp:
    """The pulse tube stopped; all plates go back up the cool-down's curve."""

    full_temperature_k: float = 290.0

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Warm every plate; the pulse tube shakes no more."""
        plates = situation.point.plates
        warm_k = plates.mixing_chamber_k + self.full_temperature_k * severity**2
        return replace(
            situation.at(
                plates=plates_at(warm_k, plates.room_k),
                cavity_temperature_k=warm_k,
                rod_temperature_k=warm_k,
            ),
            vibration=replace(situation.vibration, amplitude_ratio=0.0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationExpired:
    """The room left the temperature of the calibration, which is weeks old."""

    full_drift_k: float = 4.0
    full_age_s: float = 30 * 86_400.0

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Move the room and age the calibration."""
        point, plates = situation.point, situation.point.plates
        warmer = replace(plates, room_k=plates.room_k + severity * self.full_drift_k)
        return situation.at(
            plates=warmer,
            calibration_age_s=point.calibration_age_s + severity * self.full_age_s,
        )


class GlitchKind(StrEnum):
    """What a spoiled sweep looks like."""

    SPIKES = "spikes"
    """Absurd values with zero phase at single points."""

    NOT_A_NUMBER = "not_a_number"
    """Samples that are no numbers."""

    ZEROS = "zeros"
    """The rest of the sweep is missing, and zero."""

    CONSTANT = "constant"
    """One value again and again: a stale buffer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoiledSamples:
    """Samples lost between the VNA's receiver and the file."""

    kind: GlitchKind
    spoiled_fraction: float

    def __call__(self, traces: Traces, rng: np.random.Generator) -> Traces:
        """Return the traces with a part of their samples spoiled."""
        return {name: self._spoiled(trace, rng) for name, trace in traces.items()}

    def _spoiled(self, trace: ComplexTrace, rng: np.random.Generator) -> ComplexTrace:
        spoiled = np.array(trace)
        count = max(1, round(self.spoiled_fraction * trace.size))
        if self.kind is GlitchKind.ZEROS:
            spoiled[-count:] = 0.0
        elif self.kind is GlitchKind.CONSTANT:
            spoiled[-count:] = trace[-count]
        else:
            where = rng.choice(trace.size, count, replace=False)
            lost = self.kind is GlitchKind.NOT_A_NUMBER
            spoiled[where] = np.nan if lost else ABSURD_VALUE
        return spoiled


@dataclass(frozen=True, slots=True, kw_only=True)
class VnaGlitch:
    """A sweep arrives spoiled; severity is the part of it, up to a quarter."""

    kind: GlitchKind = GlitchKind.SPIKES

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Spoil the sweep after it was measured."""
        spoiled = SpoiledSamples(kind=self.kind, spoiled_fraction=0.25 * severity)
        return replace(situation, distortions=(*situation.distortions, spoiled))


@dataclass(frozen=True, slots=True, kw_only=True)
class SwappedCables:
    """Two receivers' cables are exchanged at the flange, at any severity."""

    def __call__(self, situation: Situation, severity: float) -> Situation:  # noqa: ARG002
        """Show the neighbour instead."""
        other = neighbour_of(situation, "swapped_cables")
        return replace(other, neighbour=replace(situation, neighbour=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourCrossTalk:
    """Another cavity leaks in; severity 1 is ``full_ratio`` of its signal."""

    full_ratio: float = 0.1

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Let the neighbour in."""
        neighbour_of(situation, "neighbour_cross_talk")
        return replace(situation, cross_talk_ratio=severity * self.full_ratio)


def neighbour_of(situation: Situation, name: str) -> Situation:
    """Return the neighbour of a situation.

    Raises
    ------
    ValueError
        If there is none.
    """
    if situation.neighbour is None:
        raise ValueError(f"{name} needs a second cavity: name the neighbour")
    return situation.neighbour
