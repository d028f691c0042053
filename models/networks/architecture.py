"""Sizes of an ensemble, as a model folder states them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Fusion(StrEnum):
    """Where the traces of a sweep come together."""

    LATE = "late"
    """Each trace has an encoder; what they say is averaged over the traces heard."""

    EARLY = "early"
    """One encoder sees all traces side by side, zeros where one is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Sizes of an ensemble.

    Attributes
    ----------
    ratio_count, level_count
        Features of one trace: log-ratio, and level.
    ratio_components, level_components
        Principal components kept of each, for one trace.
    coordinate_count
        Inputs of one trace from its coordinates; 0 where the log-ratio's components
        are looked at instead.
    width, embedding
        Units of a hidden layer, and of what an encoder says of one trace.
    receiver_heads
        Head name to outputs, judged against the reference.
    component_heads
        Head name to outputs, judged from the level, and the ratio if there is one.
    kernel_heads
        Heads that a ridge on the last hidden layer answers, not the layer's own.
    pretrained_heads
        Those of the heads against the reference that a tower of their own answers,
        which started from a simulated archive.
    """

    member_count: int
    trace_count: int
    ratio_count: int
    level_count: int
    ratio_components: int
    level_components: int
    width: int
    receiver_heads: tuple[tuple[str, int], ...]
    component_heads: tuple[tuple[str, int], ...]
    coordinate_count: int = 0
    embedding: int = 64
    fusion: Fusion = Fusion.LATE
    kernel_heads: tuple[str, ...] = ()
    pretrained_heads: tuple[str, ...] = ()

    @property
    def receiver_inputs(self) -> int:
        """Inputs of one trace that heads against the reference see."""
        return (self.coordinate_count or self.ratio_components) + self.level_components

    @property
    def component_inputs(self) -> int:
        """Inputs of one trace that component heads see."""
        return self.ratio_components + self.level_components + 1

    @property
    def heads(self) -> dict[str, int]:
        """Every head with its outputs."""
        return dict(self.receiver_heads) | dict(self.component_heads)

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping."""
        record: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if name.endswith("_heads"):
                value = [
                    each if isinstance(each, str) else list(each) for each in value
                ]
            record[name] = str(value) if isinstance(value, Fusion) else value
        if not self.pretrained_heads:
            # Folders that were made without pre-training do not know the word.
            del record["pretrained_heads"]
        return record

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote."""
        values: dict[str, Any] = {}
        for name in cls.__slots__:
            if name == "kernel_heads":
                values[name] = tuple(str(head) for head in record[name])
            elif name == "pretrained_heads":
                values[name] = tuple(str(head) for head in record.get(name, ()))
            elif name.endswith("_heads"):
                values[name] = tuple(
                    (str(head), int(size)) for head, size in record[name]
                )
            elif name == "fusion":
                values[name] = Fusion(record[name])
            else:
                values[name] = int(record[name])
        return cls(**values)
