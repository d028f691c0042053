"""Scores of strangeness, from the same principal components that the networks use."""

import torch
from torch import Tensor

from models.networks.components import Components

NEIGHBOUR_COUNT = 5
"""Nearest known sweeps whose distances are averaged."""


def monitoring_scores(
    components: Components,
    values: Tensor,
    projected: Tensor,
    bank: Tensor,
    mask: Tensor,
) -> Tensor:
    """Score sweeps by T2, Q and distance to known sweeps.

    Each is a mean over what is there, so a missing trace does not raise it.

    Parameters
    ----------
    components
        The components of the ratio.
    values
        Ratio features, shape (sweep, trace, feature).
    projected
        Their components, shape (member, sweep, trace, kept).
    bank
        Components of known sweeps, shape (member, known, trace, kept).
    mask
        1 where a trace has a reference, shape (sweep, trace).

    Returns
    -------
    Tensor
        Shape (member, sweep, 3).
    """
    traces = mask.sum(dim=1).clamp(min=1.0)
    present = mask[None, :, :, None]
    inside = projected * present
    kept = projected.shape[-1]
    t2 = inside.square().sum(dim=(2, 3)) / (traces * kept)
    basis = components.basis.to(values.dtype)
    unscaled = projected * components.spread[:, None]
    rebuilt = torch.einsum("mbtk,mtfk->mbtf", unscaled, basis)
    outside = values - components.mean[:, None] - rebuilt
    q = (outside * present).square().sum(dim=(2, 3)) / (traces * values.shape[-1])
    return torch.stack([t2, q, _neighbours(inside, bank, mask, traces)], dim=-1)


def _neighbours(inside: Tensor, bank: Tensor, mask: Tensor, traces: Tensor) -> Tensor:
    kept = inside.shape[-1]
    own = inside.square().sum(dim=-1)
    known = bank.square().sum(dim=-1)
    mixed = torch.einsum("mbtk,mntk->mbnt", inside, bank)
    apart = own[:, :, None] + known[:, None] - 2.0 * mixed
    squared = (apart * mask[None, :, None, :]).sum(dim=-1).clamp(min=0.0)
    count = min(NEIGHBOUR_COUNT, bank.shape[1])
    nearest = squared.topk(count, dim=-1, largest=False).values
    return (nearest / (traces * kept)[:, None]).sqrt().mean(dim=-1)
