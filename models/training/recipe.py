"""How an ensemble is fitted."""

from dataclasses import dataclass, replace
from typing import Any, Self

from models.networks.architecture import Fusion

_FINE_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How an ensemble is fitted.

    Attributes
    ----------
    ratio_components, level_components
        Principal components of each trace.
    width, embedding
        Units of a hidden layer, and of what an encoder says of one trace.
    fusion
        Where the traces of a sweep come together.
    epochs, least_steps
        Longest training: as often as every sweep is seen, and steps at least.
    patience
        Looks at sweeps of hidden cycles, twenty in a whole training, without progress
        until it ends.
    trace_dropout
        Probability that a trace is hidden from a training step.
    jitter
        Standard deviation of noise on the whitened inputs.
    """

    ratio_components: int = 36
    level_components: int = 6
    width: int = 128
    embedding: int = 64
    fusion: Fusion = Fusion.LATE
    epochs: int = 100
    least_steps: int = 600
    patience: int = 5
    batch: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    trace_dropout: float = 0.25
    jitter: float = 0.05

    def slower(self) -> Self:
        """Return the recipe that goes on from weights that know something already."""
        return replace(self, learning_rate=_FINE_SHARE * self.learning_rate)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Read what a manifest holds."""
        return cls(**(record | {"fusion": Fusion(record["fusion"])}))
