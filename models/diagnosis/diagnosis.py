"""All that is concluded from one sweep."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from models.diagnosis.classification import Classification
from models.diagnosis.estimate import LABEL, Estimate, LabelEstimate
from models.diagnosis.followed_mode import FollowedMode
from models.diagnosis.resonance import ResonanceEstimate
from models.diagnosis.second_opinion import SecondOpinion
from models.diagnosis.strangeness import Jump, OutOfDistribution


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
        Flags of a sweep that cannot be trusted or read; empty for a good one.
    remark
        One sentence on a flag that does not say enough by itself.
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
    remark: str | None = None
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
        strangeness = self.out_of_distribution
        return {
            "model_version": self.model_version,
            "temperature_k": asdict(self.temperature_k),
            "magnetic_field_tesla": asdict(self.magnetic_field_tesla),
            "condition": self.condition.to_record(),
            "component": self.component.to_record(),
            # Not copied number by number: there are hundreds.
            "out_of_distribution": {
                name: getattr(strangeness, name) for name in strangeness.__slots__
            }
            | {"scores": dict(strangeness.scores)},
            "integrity": list(self.integrity),
            "remark": self.remark,
            "resonance": None
            if self.resonance is None
            else asdict(self.resonance) | {"flags": list(self.resonance.flags)},
            "reference_sweep": self.reference_sweep,
            "mode": None if self.mode is None else asdict(self.mode),
            "second_opinion": None
            if self.second_opinion is None
            else self.second_opinion.to_record(),
            "labels": {
                name.removeprefix(LABEL): each.to_record()
                for name, each in self.labels.items()
            },
            "signature": dict(self.signature),
            "jump": None if self.jump is None else asdict(self.jump),
            "adaptive": dict(self.adaptive),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote."""
        resonance, mode = record.get("resonance"), record.get("mode")
        opinion, jump = record.get("second_opinion"), record.get("jump")
        return cls(
            model_version=record["model_version"],
            temperature_k=Estimate.from_record(record["temperature_k"]),
            magnetic_field_tesla=Estimate.from_record(record["magnetic_field_tesla"]),
            condition=Classification.from_record(record["condition"]),
            component=Classification.from_record(record["component"]),
            out_of_distribution=OutOfDistribution(**record["out_of_distribution"]),
            integrity=tuple(record["integrity"]),
            remark=record.get("remark"),
            resonance=None
            if resonance is None
            else ResonanceEstimate.from_record(resonance),
            reference_sweep=record.get("reference_sweep"),
            mode=None if mode is None else FollowedMode.from_record(mode),
            second_opinion=None
            if opinion is None
            else SecondOpinion.from_record(opinion),
            labels={
                LABEL + name: LabelEstimate.from_record(each)
                for name, each in record.get("labels", {}).items()
            },
            signature=record.get("signature", {}),
            jump=None if jump is None else Jump(**jump),
            adaptive=record.get("adaptive", {}),
        )
