"""What a training says when it is done."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """What came out of a training.

    Attributes
    ----------
    trained
        Targets that have a head.
    refused
        Target to the sentence why it has none.
    warnings
        Sentences on what the figures do not show.
    metrics
        Target to its metrics on held-out sweeps, JSON-ready.
    pretraining
        What a simulated archive brought, JSON-ready; None where there was none.
    """

    model_version: str
    folder: str
    sweep_count: int
    cycle_count: int
    split: str
    trained: tuple[str, ...]
    refused: dict[str, str]
    warnings: tuple[str, ...]
    metrics: dict[str, Any]
    pretraining: dict[str, Any] | None = None

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping; of pre-training only where there was any."""
        record = asdict(self)
        if self.pretraining is None:
            del record["pretraining"]
        return record | {"trained": list(self.trained), "warnings": list(self.warnings)}
