"""Scores of strangeness, from the same principal components that the networks use."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from models.networks.components import Parted

NEIGHBOUR_COUNT = 5
"""Nearest known sweeps whose distances are averaged."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownSweeps:
    """Known sweeps made ready to be compared with others.

    Attributes
    ----------
    by_trace
        Their components, shape (member * trace, component, known).
    squares
        Their squared lengths, shape (member, known, trace).
    """

    by_trace: Tensor
    squares: Tensor

    @classmethod
    def of(cls, bank: Tensor) -> Self:
        """Make components ready, shape (member, known, trace, kept)."""
        return cls(
            by_trace=bank.permute(0, 2, 3, 1).flatten(0, 1).contiguous(),
            squares=bank.square().sum(dim=-1),
        )

    def squared_distances(self, inside: Tensor) -> Tensor:
        """Return the distances to sweeps, shape (member, sweep, known, trace).

        Parameters
        ----------
        inside
            Components of the sweeps, shape (member, sweep, trace, kept).
        """
        members, sweeps, traces, _ = inside.shape
        rows = inside.transpose(1, 2).flatten(0, 1)
        mixed = torch.bmm(rows, self.by_trace).reshape(members, traces, sweeps, -1)
        own = inside.square().sum(dim=-1)
        both = own[:, :, None] + self.squares[:, None]
        return both - 2.0 * mixed.permute(0, 2, 3, 1)


def monitoring_scores(parted: Parted, known: KnownSweeps, mask: Tensor) -> Tensor:
    """Score sweeps by T2, Q and distance to known sweeps.

    Each is a mean over what is there, so a missing trace does not raise it.

    Parameters
    ----------
    parted
        The sweeps' ratio features.
    mask
        1 where a trace has a reference, shape (sweep, trace).

    Returns
    -------
    Tensor
        Shape (member, sweep, 3).
    """
    traces = mask.sum(dim=1).clamp(min=1.0)
    present = mask[None, :, :, None]
    inside = parted.projected * present
    kept, width = inside.shape[-1], parted.outside.shape[-1]
    t2 = inside.square().sum(dim=(2, 3)) / (traces * kept)
    q = (parted.outside * present).square().sum(dim=(2, 3)) / (traces * width)
    return torch.stack([t2, q, _neighbours(inside, known, mask, traces)], dim=-1)


def _neighbours(
    inside: Tensor, known: KnownSweeps, mask: Tensor, traces: Tensor
) -> Tensor:
    apart = known.squared_distances(inside)
    squared = (apart * mask[None, :, None, :]).sum(dim=-1).clamp(min=0.0)
    count = min(NEIGHBOUR_COUNT, squared.shape[-1])
    nearest = squared.topk(count, dim=-1, largest=False).values
    return (nearest / (traces * inside.shape[-1])[:, None]).sqrt().mean(dim=-1)
