"""What is concluded from one sweep: densities, classes, and the courage to say no."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

LABEL = "label:"
"""Prefix of a further scalar among the targets of a model."""

UNKNOWN = "unknown"
"""The label of a class that no trained class explains."""


class EstimateState(StrEnum):
    """Whether a number was estimated, and why not."""

    ESTIMATED = "estimated"
    NOT_DETERMINABLE = "not_determinable"
    """The sweep holds no information on it (for instance far below 4 K)."""
    NO_REFERENCE = "no_reference"
    """No valid reference sweep of this cavity and thermal cycle is known."""
    NOT_TRAINED = "not_trained"
    """The model has no such head, or no model applies to this sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A scalar as quantiles of its calibrated density; None where not estimated."""

    state: EstimateState
    median: float | None = None
    p05: float | None = None
    p16: float | None = None
    p84: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """A class with its 90 % conformal set.

    Attributes
    ----------
    state
        Whether the head exists and applies.
    label
        The verdict, or ``"unknown"``.
    probability
        Calibrated probability of the best class.
    conformal_set
        Labels of the 90 % conformal set (``set`` on the wire).
    top
        Best labels with their probabilities, best first.
    present
        Probability that each condition is there, by itself: two may be at once, and
        these need not sum to one. Healthy is none of them.
    present_set
        Conditions that a set holds which misses one that is there in a tenth of its
        sweeps.
    """

    state: EstimateState
    label: str = UNKNOWN
    probability: float | None = None
    conformal_set: tuple[str, ...] = ()
    top: tuple[tuple[str, float], ...] = ()
    present: Mapping[str, float] = field(default_factory=dict)
    present_set: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEstimate:
    """A further scalar that a model was taught.

    Attributes
    ----------
    unit
        As the archive told it; "" where it told none.
    """

    estimate: Estimate
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """What another method makes of the sweep, taught by the same sweeps.

    It has no say in the verdict; that it contradicts is one of the scores of
    strangeness.

    Attributes
    ----------
    method
        Which method it is.
    condition
        Without a conformal set.
    """

    temperature_k: Estimate
    magnetic_field_tesla: Estimate
    condition: Classification
    method: str = "minirocket_ridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """How far a sweep is from the last few of its cavity, against the same reference.

    Attributes
    ----------
    size
        Of the largest change of a band, in usual changes from sweep to sweep.
    is_sudden
        Whether that is sudden, and no drift.
    trace, band
        Where it is largest; the number of a sixteenth of the band.
    sweeps
        How many it was compared with.
    """

    size: float
    is_sudden: bool
    trace: str
    band: int
    sweeps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfDistribution:
    """How strange the sweep is to the model.

    Attributes
    ----------
    p_value
        Combined conformal p-value; None where no model applies.
    flag
        Whether the sweep lies outside of what was trained.
    scores
        The single scores, by name.
    contributions
        JSON-ready: ``bands_hz`` (start and stop of each; none where a model knows
        several bands), and for ``t2`` and ``q`` the share of each trace and band, as
        lists by trace. The shares of a score sum to one.
    """

    p_value: float | None = None
    flag: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    contributions: Mapping[str, Any] = field(default_factory=dict)


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


class TrackState(StrEnum):
    """Whether a mode is known to be the one that was followed."""

    FOLLOWED = "followed"
    CROSSING = "crossing"
    MISSED = "missed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedMode:
    """Which mode of its cavity a narrow sweep shows.

    Attributes
    ----------
    number
        Counts the modes that were followed in this cavity; another number is another
        mode, or one of which nobody can tell.
    state
        Whether this sweep shows it.
    axis
        What its position is told by: the name of a condition, or ``"time"``.
    expected_frequency_hz
        Where it should be by its own history.
    other_frequency_hz
        Where a mode that it crosses was seen last.
    drift_hz_per_s
        How fast f0 moves while nobody tunes; None where that cannot be told.
    reason
        One sentence unless it is followed.
    """

    number: int
    state: TrackState
    axis: str
    expected_frequency_hz: float | None = None
    other_frequency_hz: float | None = None
    drift_hz_per_s: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that was concluded from one sweep by one model version.

    Attributes
    ----------
    model_version
        Version of the model folder, or ``"none"``.
    reference_sweep
        Id of the reference sweep used, if any.
    mode
        Which mode a narrow sweep shows, where its cavity's sweeps are followed.
    integrity
        Flags of a sweep that cannot be trusted; empty for a good one.
    resonance
        The fit, for narrow sweeps.
    second_opinion
        Of another method, where the model has one and the sweep a reference.
    labels
        Further scalars by name, where the model was taught any.
    signature
        Trace to its log-ratio to the reference in sixteen bands: levels in neper,
        then phases in rad. What the next sweeps are compared with.
    jump
        Against the last sweeps, where the service knows any.
    adaptive
        Scalar target to what readings taught of its intervals, JSON-ready: ``alpha``,
        ``labelled``, ``missed`` and the ``stretch`` that follows.
    """

    model_version: str
    temperature_k: Estimate
    magnetic_field_tesla: Estimate
    condition: Classification
    component: Classification
    out_of_distribution: OutOfDistribution
    integrity: tuple[str, ...] = ()
    resonance: ResonanceEstimate | None = None
    reference_sweep: str | None = None
    mode: FollowedMode | None = None
    second_opinion: SecondOpinion | None = None
    labels: Mapping[str, LabelEstimate] = field(default_factory=dict)
    signature: Mapping[str, list[float]] = field(default_factory=dict)
    jump: Jump | None = None
    adaptive: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def estimate(self, target: str) -> Estimate:
        """Return the estimate of a scalar target, further labels by their names."""
        if target in self.labels:
            return self.labels[target].estimate
        found: Estimate = getattr(self, target)
        return found

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping with the names of the public contract."""
        record = asdict(self)
        named = [record["condition"], record["component"]]
        if self.second_opinion is not None:
            named.append(record["second_opinion"]["condition"])
        for classes in named:
            classes["set"] = list(classes.pop("conformal_set"))
            classes["top"] = [list(pair) for pair in classes["top"]]
            classes["present_set"] = list(classes["present_set"])
        record["labels"] = {
            name.removeprefix(LABEL): each["estimate"] | {"unit": each["unit"]}
            for name, each in record["labels"].items()
        }
        record["integrity"] = list(self.integrity)
        if self.resonance is not None:
            record["resonance"]["flags"] = list(self.resonance.flags)
        record["out_of_distribution"]["scores"] = dict(self.out_of_distribution.scores)
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Diagnosis":
        """Read what :meth:`to_record` wrote."""
        resonance = record.get("resonance")
        return cls(
            model_version=record["model_version"],
            temperature_k=_estimate(record["temperature_k"]),
            magnetic_field_tesla=_estimate(record["magnetic_field_tesla"]),
            condition=_classification(record["condition"]),
            component=_classification(record["component"]),
            out_of_distribution=OutOfDistribution(**record["out_of_distribution"]),
            integrity=tuple(record["integrity"]),
            resonance=None if resonance is None else _resonance(resonance),
            reference_sweep=record.get("reference_sweep"),
            mode=_mode(record.get("mode")),
            second_opinion=_opinion(record.get("second_opinion")),
            labels={
                LABEL + name: _label(each)
                for name, each in record.get("labels", {}).items()
            },
            signature=record.get("signature", {}),
            jump=None if record.get("jump") is None else Jump(**record["jump"]),
            adaptive=record.get("adaptive", {}),
        )


NOT_TRAINED = Estimate(state=EstimateState.NOT_TRAINED)
"""The estimate of a head that does not exist or does not apply."""

NOT_CLASSIFIED = Classification(state=EstimateState.NOT_TRAINED)
"""The class of a head that does not exist or does not apply."""


def _estimate(record: Mapping[str, Any]) -> Estimate:
    return Estimate(**{**record, "state": EstimateState(record["state"])})


def _classification(record: Mapping[str, Any]) -> Classification:
    return Classification(
        state=EstimateState(record["state"]),
        label=record["label"],
        probability=record["probability"],
        conformal_set=tuple(record["set"]),
        top=tuple((str(label), float(value)) for label, value in record["top"]),
        present={
            str(label): float(value)
            for label, value in record.get("present", {}).items()
        },
        present_set=tuple(record.get("present_set", ())),
    )


def _label(record: Mapping[str, Any]) -> LabelEstimate:
    told = {key: value for key, value in record.items() if key != "unit"}
    return LabelEstimate(estimate=_estimate(told), unit=record["unit"])


def _opinion(record: Mapping[str, Any] | None) -> SecondOpinion | None:
    if record is None:
        return None
    return SecondOpinion(
        temperature_k=_estimate(record["temperature_k"]),
        magnetic_field_tesla=_estimate(record["magnetic_field_tesla"]),
        condition=_classification(record["condition"]),
        method=record["method"],
    )


def _mode(record: Mapping[str, Any] | None) -> FollowedMode | None:
    if record is None:
        return None
    return FollowedMode(**{**record, "state": TrackState(record["state"])})


def _resonance(record: Mapping[str, Any]) -> ResonanceEstimate:
    kind = record["kind"]
    changes = {
        "state": ResonanceState(record["state"]),
        "kind": None if kind is None else ResonanceKind(kind),
        "flags": tuple(ResonanceFlag(flag) for flag in record.get("flags", ())),
    }
    return ResonanceEstimate(**{**record, **changes})
