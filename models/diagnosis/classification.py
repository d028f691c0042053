"""A class with what else it may be, and the courage to say unknown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from models.diagnosis.estimate import EstimateState

UNKNOWN = "unknown"
"""The label of a class that no trained class explains."""


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

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping with the names of the public contract."""
        record = asdict(self)
        del record["conformal_set"]
        return record | {
            "set": list(self.conformal_set),
            "top": [list(pair) for pair in self.top],
            "present_set": list(self.present_set),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote."""
        return cls(
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


NOT_CLASSIFIED = Classification(state=EstimateState.NOT_TRAINED)
"""The class of a head that does not exist or does not apply."""
