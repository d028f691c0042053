"""Where a sweep is strange: what each trace and band adds to T2 and to Q.

The usual contribution plots of multivariate process monitoring: T2 falls apart as
x_j sum_k t_k p_jk / lambda_k over the variables j (Westerhuis, Gurden and Smilde,
Chemom. Intell. Lab. Syst. 51, 95 (2000)), Q as the squares of what is left of each.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.networks.components import Parted, Projection

BAND_COUNT = 16
"""Bands of even width."""

Reals = npt.NDArray[np.float64]


def contributions(
    projection: Projection, parted: Parted, mask: Tensor, kept: npt.NDArray[np.bool_]
) -> tuple[Reals, Reals]:
    """Return shares of T2 and of Q, means over the members.

    A share of T2 may be negative where a variable pulls a component back.

    Parameters
    ----------
    projection
        By the components of the ratio.
    parted
        Ratio features, level before phase.
    mask
        1 where a trace has a reference, shape (sweep, trace).
    kept
        Bins that the features come from, shape (bin,).

    Returns
    -------
    t2, q : ndarray
        Shape (sweep, trace, BAND_COUNT); each sweep's sum to one, or are all zero.
    """
    pulled = projection.rebuilt(parted.projected / projection.spread[:, None])
    there = mask[None, :, :, None]
    inside = (parted.centred * pulled * there).mean(dim=0)
    outside = (parted.outside.square() * there).mean(dim=0)
    band = np.flatnonzero(kept) * BAND_COUNT // kept.size
    index = torch.from_numpy(np.tile(band, 2))
    return _shares(inside, index), _shares(outside, index)


def _shares(values: Tensor, band: Tensor) -> Reals:
    total = torch.zeros((*values.shape[:-1], BAND_COUNT))
    total.index_add_(2, band, values)
    whole = total.sum(dim=(1, 2), keepdim=True)
    shares = torch.where(whole > 0, total / whole.clamp(min=1e-30), 0.0)
    return np.asarray(shares.double().numpy())
