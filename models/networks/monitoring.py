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
    components
        Theirs, shape (member, trace * component, known).
    squares
        Their squared lengths, shape (member, trace, known).
    """

    components: Tensor
    squares: Tensor

    @classmethod
    def of(cls, bank: Tensor) -> Self:
        """Make components ready, shape (member, known, trace, kept)."""
        return cls(
            components=bank.flatten(2).transpose(1, 2).contiguous(),
            squares=bank.square().sum(dim=-1).transpose(1, 2).contiguous(),
        )

    def squared_distances(self, inside: Tensor, mask: Tensor) -> Tensor:
        """Return the distances to sweeps, shape (member, sweep, known).

        Parameters
        ----------
        inside
            Components of the sweeps, 0 where a trace does not count, shape (member,
            sweep, trace, kept).
        mask
            1 where a trace counts, shape (sweep, trace).
        """
        mixed = torch.bmm(inside.flatten(2), self.components)
        own = inside.square().sum(dim=(2, 3))
        return own[:, :, None] + mask @ self.squares - 2.0 * mixed


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
    squared = known.squared_distances(inside, mask).clamp(min=0.0)
    count = min(NEIGHBOUR_COUNT, squared.shape[-1])
    nearest = squared.topk(count, dim=-1, largest=False).values
    return (nearest / (traces * inside.shape[-1])[:, None]).sqrt().mean(dim=-1)
