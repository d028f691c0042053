"""Several small networks side by side, each behind principal components of its own.

Every tensor has the member as its first axis, so one batched product serves all.
"""

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

_COMPANDING = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Sizes of an ensemble.

    Attributes
    ----------
    ratio_count, level_count
        Features of one trace: log-ratio, and level.
    ratio_components, level_components
        Principal components kept of each, for one trace.
    receiver_heads
        Head name to outputs, judged from ratio and reference.
    component_heads
        Head name to outputs, judged from the level, and the ratio if there is one.
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

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping."""
        return {
            name: [list(pair) for pair in value]
            if isinstance(value := getattr(self, name), tuple)
            else value
            for name in self.__slots__
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote."""
        values: dict[str, Any] = {
            name: tuple((str(head), int(size)) for head, size in record[name])
            if name.endswith("_heads")
            else int(record[name])
            for name in cls.__slots__
        }
        return cls(**values)


class Components(nn.Module):
    """Principal components of each trace, as a fixed linear layer."""

    def __init__(self, members: int, traces: int, features: int, kept: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(members, traces, features))
        basis = torch.zeros(members, traces, features, kept, dtype=torch.float16)
        self.register_buffer("basis", basis)
        self.register_buffer("spread", torch.ones(members, traces, kept))
        self.mean: Tensor
        self.basis: Tensor
        self.spread: Tensor

    def forward(self, values: Tensor) -> Tensor:
        """Project (sweep, trace, feature) to (member, sweep, trace, component)."""
        basis = self.basis.to(values.dtype)
        projected = torch.einsum("btf,mtfk->mbtk", values, basis)
        shift = torch.einsum("mtf,mtfk->mtk", self.mean, basis)
        return (projected - shift[:, None]) / self.spread[:, None]


class StackedLinear(nn.Module):
    """One linear layer a member."""

    def __init__(
        self, members: int, inputs: int, outputs: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        bound = (1.0 / inputs) ** 0.5
        weight = torch.empty(members, inputs, outputs)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs))

    def forward(self, values: Tensor) -> Tensor:
        """Map (member, sweep, input) to (member, sweep, output)."""
        return torch.baddbmm(self.bias, values, self.weight)


class Tower(nn.Module):
    """Two hidden layers and their heads."""

    def __init__(
        self,
        architecture: Architecture,
        inputs: int,
        heads: tuple[tuple[str, int], ...],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        members, width = architecture.member_count, architecture.width
        self.first = StackedLinear(members, inputs, width, generator)
        self.second = StackedLinear(members, width, width, generator)
        self.heads = nn.ModuleDict(
            {
                name: StackedLinear(members, width, outputs, generator)
                for name, outputs in heads
            }
        )

    def forward(self, values: Tensor) -> dict[str, Tensor]:
        """Map (member, sweep, input) to logits (member, sweep, output) by head."""
        hidden = nn.functional.gelu(self.first(values))
        hidden = hidden + nn.functional.gelu(self.second(hidden))
        return {name: head(hidden) for name, head in self.heads.items()}


def compand(values: Tensor) -> Tensor:
    """Stretch small components and press large ones, same shape.

    A warm receiver moves a component a hundred times as far as a weak stray field
    does; both must stay visible.
    """
    return torch.asinh(_COMPANDING * values) / 2.0


class Ensemble(nn.Module):
    """The judgement of one model folder."""

    def __init__(self, architecture: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.architecture = architecture
        generator = torch.Generator().manual_seed(seed)
        sizes = (architecture.member_count, architecture.trace_count)
        self.ratio = Components(
            *sizes, architecture.ratio_count, architecture.ratio_components
        )
        self.level = Components(
            *sizes, architecture.level_count, architecture.level_components
        )
        traces = architecture.trace_count
        both = architecture.ratio_components + architecture.level_components
        self.receiver = (
            Tower(
                architecture,
                traces * (both + 1),
                architecture.receiver_heads,
                generator,
            )
            if architecture.receiver_heads
            else None
        )
        self.component = (
            Tower(
                architecture,
                traces * (both + 2),
                architecture.component_heads,
                generator,
            )
            if architecture.component_heads
            else None
        )

    def project(self, ratio: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Return the components of ratio and level, (member, sweep, trace, kept)."""
        return self.ratio(ratio), self.level(level)

    def judge_receiver(
        self, ratio: Tensor, reference_level: Tensor, compared: Tensor
    ) -> dict[str, Tensor]:
        """Return the receiver heads' logits from projected inputs.

        Parameters
        ----------
        ratio, reference_level
            Components, shape (member, sweep, trace, kept).
        compared
            1 where a trace has a reference, shape (member, sweep, trace).
        """
        if self.receiver is None:
            return {}
        present = compared[..., None]
        parts = [compand(ratio) * present, reference_level * present, present]
        return dict(self.receiver(torch.cat(parts, dim=-1).flatten(2)))

    def judge_component(
        self, ratio: Tensor, level: Tensor, compared: Tensor, present: Tensor
    ) -> dict[str, Tensor]:
        """Return the component heads' logits from projected inputs.

        Parameters
        ----------
        ratio, level
            Components, shape (member, sweep, trace, kept).
        compared, present
            1 where a trace has a reference, is there; shape (member, sweep, trace).
        """
        if self.component is None:
            return {}
        with_ratio, with_level = compared[..., None], present[..., None]
        parts = [
            compand(ratio) * with_ratio,
            level * with_level,
            with_ratio,
            with_level,
        ]
        return dict(self.component(torch.cat(parts, dim=-1).flatten(2)))
