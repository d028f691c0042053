"""Principal components, fitted on what a member may see."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.networks.components import Components

Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_LEAST_SHARE = 1e-7


def fit_components(
    components: Components, values: Singles, there: Flags, allowed: Flags
) -> None:
    """Fit every member's components to the sweeps that it may see.

    Parameters
    ----------
    components
        Filled in place.
    values
        Shape (sweep, trace, feature).
    there
        Where a trace holds values, shape (sweep, trace).
    allowed
        Sweeps that each member may see, shape (member, sweep).
    """
    for member in range(allowed.shape[0]):
        for trace in range(values.shape[1]):
            rows = values[allowed[member] & there[:, trace], trace]
            _fit_one(components, member, trace, torch.from_numpy(rows))


def _fit_one(components: Components, member: int, trace: int, rows: Tensor) -> None:
    kept = components.basis.shape[-1]
    if rows.shape[0] < 2:
        return
    exact = rows.double()
    mean = exact.mean(dim=0)
    centred = exact - mean
    variances, vectors = torch.linalg.eigh(centred.T @ centred / rows.shape[0])
    order = torch.arange(variances.shape[0] - 1, -1, -1)[:kept]
    basis, variances = vectors[:, order], variances[order].clamp(min=0.0)
    # The sign of an eigenvector is arbitrary; the largest element decides.
    largest = basis.abs().argmax(dim=0)
    basis = basis * torch.sign(basis[largest, torch.arange(basis.shape[1])])
    floor = float(_LEAST_SHARE * variances[0]) + 1e-12
    alive = variances > floor
    width = basis.shape[1]
    components.mean[member, trace] = mean.float()
    components.basis[member, trace, :, :width] = (basis * alive).half()
    components.spread[member, trace, :width] = torch.where(
        alive, variances.clamp(min=floor).sqrt(), torch.ones_like(variances)
    ).float()
