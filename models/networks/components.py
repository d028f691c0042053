"""Principal components of each trace, as a fixed linear layer."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn


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
        return Projection.of(self).projected(values)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Components made ready for many sweeps: what no sweep changes is done once.

    Attributes
    ----------
    mean, spread, shift
        Of the features and of the components, and the components of the mean; a
        member and a trace each.
    basis
        Shape (trace, member * component, feature): one copy both projects and
        rebuilds, for a lone sweep waits for memory.
    """

    mean: Tensor
    spread: Tensor
    shift: Tensor
    basis: Tensor

    @classmethod
    def of(cls, components: Components) -> Self:
        """Make components ready as they stand now."""
        basis = components.basis.to(components.mean.dtype)
        return cls(
            mean=components.mean,
            spread=components.spread,
            shift=torch.einsum("mtf,mtfk->mtk", components.mean, basis),
            basis=basis.permute(1, 0, 3, 2).flatten(1, 2).contiguous(),
        )

    def projected(self, values: Tensor) -> Tensor:
        """Project (sweep, trace, feature) to (member, sweep, trace, component)."""
        members, traces, kept = self.spread.shape
        flat = torch.bmm(values.transpose(0, 1), self.basis.transpose(1, 2))
        onto = flat.reshape(traces, -1, members, kept).permute(2, 1, 0, 3)
        return (onto - self.shift[:, None]) / self.spread[:, None]

    def rebuilt(self, scaled: Tensor) -> Tensor:
        """Turn (member, sweep, trace, component) into (member, sweep, trace, feature).

        Without the mean; components in the units of the features.
        """
        members, sweeps, traces, kept = scaled.shape
        rows = scaled.permute(2, 0, 1, 3).flatten(0, 1)
        found = torch.bmm(rows, self.basis.reshape(traces * members, kept, -1))
        return found.reshape(traces, members, sweeps, -1).permute(1, 2, 0, 3)

    def parted(self, values: Tensor, projected: Tensor) -> "Parted":
        """Part features into what components say and what they leave.

        Parameters
        ----------
        values
            Shape (sweep, trace, feature).
        projected
            Their components, shape (member, sweep, trace, component).
        """
        centred = values - self.mean[:, None]
        spread = self.spread[:, None]
        # One pass over the components serves both.
        both = torch.cat([projected * spread, projected / spread], dim=1)
        rebuilt, pulled = self.rebuilt(both).chunk(2, dim=1)
        return Parted(
            projected=projected,
            centred=centred,
            outside=centred - rebuilt,
            pulled=pulled,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """Features of sweeps in two parts, for each member.

    Attributes
    ----------
    projected
        Components, shape (member, sweep, trace, component).
    centred
        Features off their mean, shape (member, sweep, trace, feature).
    outside
        What the components leave of these.
    pulled
        How strongly the components pull each feature: what T2 weighs it by.
    """

    projected: Tensor
    centred: Tensor
    outside: Tensor
    pulled: Tensor
