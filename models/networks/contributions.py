"""Where a sweep is strange: what each trace and band adds to T2 and to Q.

The usual contribution plots of multivariate process monitoring: T2 falls apart as
x_j sum_k t_k p_jk / lambda_k over the variables j (Westerhuis, Gurden and Smilde,
Chemom. Intell. Lab. Syst. 51, 95 (2000)), Q as the squares of what is left of each.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.networks.components import Parted

BAND_COUNT = 16
"""Bands of even width."""

Reals = npt.NDArray[np.float64]


def contributions(
    parted: Parted, mask: Tensor, kept: npt.NDArray[np.bool_]
) -> tuple[Reals, Reals]:
    """Return shares of T2 and of Q, means over the members.

    A share of T2 may be negative where a variable pulls a component back.

    Parameters
    ----------
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
    inside = (parted.centred * parted.pulled).mean(dim=0)
    outside = parted.outside.square().mean(dim=0)
    # Both at once: a lone sweep waits for calls, not for numbers.
    parts = torch.stack([inside, outside]) @ _bands(kept.tobytes())
    total = parts * mask[None, :, :, None]
    whole = total.sum(dim=(2, 3), keepdim=True)
    shares = total / whole.clamp(min=1e-30) * (whole > 0)
    t2, q = shares.double().numpy()
    return t2, q


@lru_cache(maxsize=16)
def _bands(kept: bytes) -> Tensor:
    """Return what adds features up band by band, shape (feature, BAND_COUNT)."""
    mask = np.frombuffer(kept, dtype=np.bool_)
    band = np.tile(np.flatnonzero(mask) * BAND_COUNT // mask.size, 2)
    return torch.from_numpy((band[:, None] == np.arange(BAND_COUNT)).astype(np.float32))
