"""A scalar as what is known of it, or why nothing is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

LABEL = "label:"
"""Prefix of a further scalar among the targets of a model."""


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

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what the record of a diagnosis holds."""
        return cls(**{**record, "state": EstimateState(record["state"])})


NOT_TRAINED = Estimate(state=EstimateState.NOT_TRAINED)
"""The estimate of a head that does not exist or does not apply."""


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

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping: the estimate, and its unit beside it."""
        return asdict(self.estimate) | {"unit": self.unit}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote."""
        told = {key: value for key, value in record.items() if key != "unit"}
        return cls(estimate=Estimate.from_record(told), unit=record["unit"])
