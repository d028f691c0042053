"""Layers with a member axis: encoders of traces, what fuses them, and heads.

Every tensor has the member as its first axis, so one batched product serves all.
"""

import torch
from torch import Tensor, nn

from models.networks.architecture import Architecture, Fusion

_COMPANDING = 16.0


class StackedLinear(nn.Module):
    """One linear layer for each of a grid of members, or of members and traces."""

    def __init__(
        self,
        stacked: tuple[int, ...],
        inputs: int,
        outputs: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        bound = (1.0 / inputs) ** 0.5
        weight = torch.empty(*stacked, inputs, outputs)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(torch.zeros(*stacked, 1, outputs))

    def forward(self, values: Tensor) -> Tensor:
        """Map (..., sweep, input) to (..., sweep, output)."""
        return torch.matmul(values, self.weight) + self.bias


class Encoder(nn.Module):
    """What is made of the traces before they are judged together."""

    def __init__(
        self, architecture: Architecture, inputs: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        members, traces = architecture.member_count, architecture.trace_count
        self.fusion = architecture.fusion
        late = self.fusion is Fusion.LATE
        stacked = (members, traces) if late else (members,)
        seen = inputs if late else traces * (inputs + 1)
        self.first = StackedLinear(stacked, seen, architecture.embedding, generator)
        self.second = StackedLinear(
            stacked, architecture.embedding, architecture.embedding, generator
        )

    def forward(self, values: Tensor, there: Tensor) -> Tensor:
        """Encode traces.

        Parameters
        ----------
        values
            Shape (member, sweep, trace, input).
        there
            1 where a trace is heard, shape (member, sweep, trace).

        Returns
        -------
        Tensor
            Shape (member, sweep, embedding).
        """
        heard = values * there[..., None]
        if self.fusion is Fusion.EARLY:
            flat = torch.cat([heard, there[..., None]], dim=-1).flatten(2)
            return self._encode(flat)
        said = self._encode(heard.transpose(1, 2)).transpose(1, 2)
        count = there.sum(dim=2, keepdim=True).clamp(min=1.0)
        return (said * there[..., None]).sum(dim=2) / count

    def _encode(self, values: Tensor) -> Tensor:
        said: Tensor = self.second(nn.functional.gelu(self.first(values)))
        return said


class Tower(nn.Module):
    """Encoder, two hidden layers and their heads."""

    def __init__(
        self,
        architecture: Architecture,
        inputs: int,
        heads: tuple[tuple[str, int], ...],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        stacked, width = (architecture.member_count,), architecture.width
        self.encoder = Encoder(architecture, inputs, generator)
        fused = architecture.embedding + architecture.trace_count
        self.first = StackedLinear(stacked, fused, width, generator)
        self.second = StackedLinear(stacked, width, width, generator)
        self.heads = nn.ModuleDict(
            {
                name: StackedLinear(stacked, width, outputs, generator)
                for name, outputs in heads
            }
        )

    def hidden(self, values: Tensor, there: Tensor) -> Tensor:
        """Return the last hidden layer, shape (member, sweep, width)."""
        fused = torch.cat([self.encoder(values, there), there], dim=-1)
        hidden = nn.functional.gelu(self.first(fused))
        return hidden + nn.functional.gelu(self.second(hidden))

    def answer(self, hidden: Tensor) -> dict[str, Tensor]:
        """Return the heads' logits of a hidden layer, (member, sweep, output)."""
        return {name: head(hidden) for name, head in self.heads.items()}


def compand(values: Tensor) -> Tensor:
    """Stretch small components and press large ones, same shape.

    A warm receiver moves a component a hundred times as far as a weak stray field
    does; both must stay visible.
    """
    return torch.asinh(_COMPANDING * values) / 2.0
