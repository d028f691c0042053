"""A fitted mode: its numbers, what was noticed, or why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class ResonanceState(StrEnum):
    """Outcome of a resonance fit."""

    OK = "ok"
    NO_RESONANCE = "no_resonance"
    AMBIGUOUS = "ambiguous"
    EDGE = "edge"
    BAD_SHAPE = "bad_shape"
    INSTRUMENT_FAULT = "instrument_fault"


class ResonanceKind(StrEnum):
    """Which line shape was fitted."""

    TRANSMISSION = "transmission"
    REFLECTION = "reflection"
    NOTCH = "notch"


class ResonanceFlag(StrEnum):
    """What a fit noticed besides its numbers."""

    POINTS_MASKED = "points_masked"
    """Corrupt points were left out."""

    DRIVEN = "driven"
    """The dip tilts with its own power (Kerr); the numbers are those of low power."""

    BIFURCATED = "bifurcated"
    """Driven past the threshold where the line folds over, and the sweep jumps."""

    SATURATING = "saturating"
    """The loss changes with power across the line; Q holds for this drive only."""

    SMEARED = "smeared"
    """The frequency moved during the sweep."""

    SECOND_MODE = "second_mode"
    """A second mode lies in the span and was fitted with the first."""

    CROSSING = "crossing"
    """The second mode is within a few linewidths: both are mixed."""

    ROTATED = "rotated"
    """The Q-circle is rotated so far that Q_0 rests on why it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResonanceEstimate:
    """A fitted mode; every number with its standard uncertainty, None where unfitted.

    Attributes
    ----------
    resonant_frequency_hz, loaded_q, unloaded_q, coupling_q, coupling_beta
        f0 in Hz, Q_L, Q_0, Q_e and beta = Q_0 / Q_e.
    overcoupled_probability
        Probability of beta > 1, a leak past the cavity taken into account.
    asymmetry_rad
        Rotation of the Q-circle against its off-resonant point.
    line_delay_s
        Delay of the line that was fitted, the known part included.
    line_shape
        What was fitted around the line (:class:`models.fitting.LineShape`).
    reason
        One sentence on any state but ``ok``.
    flags
        What else was noticed, sorted.
    masked_point_count
        Corrupt points that were left out.
    drive_ratio
        Kerr shift over the shift at which the line folds over; positive where power
        raises f0.
    frequency_wander_hz
        How far f0 moved while the line was swept, where ``smeared``.
    second_frequency_hz, second_loaded_q
        The other mode of the span.
    mode_coupling_hz
        g / 2 pi of an avoided crossing with a mode that the port does not see.
    """

    state: ResonanceState
    kind: ResonanceKind | None = None
    trace: str | None = None
    resonant_frequency_hz: float | None = None
    resonant_frequency_sigma_hz: float | None = None
    loaded_q: float | None = None
    loaded_q_sigma: float | None = None
    unloaded_q: float | None = None
    unloaded_q_sigma: float | None = None
    coupling_beta: float | None = None
    coupling_beta_sigma: float | None = None
    coupling_q: float | None = None
    coupling_q_sigma: float | None = None
    overcoupled_probability: float | None = None
    asymmetry_rad: float | None = None
    line_delay_s: float | None = None
    residual_rms: float | None = None
    line_shape: str | None = None
    reason: str | None = None
    flags: tuple[ResonanceFlag, ...] = ()
    masked_point_count: int = 0
    drive_ratio: float | None = None
    drive_ratio_sigma: float | None = None
    frequency_wander_hz: float | None = None
    second_frequency_hz: float | None = None
    second_loaded_q: float | None = None
    mode_coupling_hz: float | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what the record of a diagnosis holds."""
        kind = record["kind"]
        changes = {
            "state": ResonanceState(record["state"]),
            "kind": None if kind is None else ResonanceKind(kind),
            "flags": tuple(ResonanceFlag(flag) for flag in record.get("flags", ())),
        }
        return cls(**{**record, **changes})
