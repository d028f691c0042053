"""What another method makes of a sweep."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from models.diagnosis.classification import Classification
from models.diagnosis.estimate import Estimate


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

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping with the names of the public contract."""
        return asdict(self) | {"condition": self.condition.to_record()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote."""
        return cls(
            temperature_k=Estimate.from_record(record["temperature_k"]),
            magnetic_field_tesla=Estimate.from_record(record["magnetic_field_tesla"]),
            condition=Classification.from_record(record["condition"]),
            method=record["method"],
        )
