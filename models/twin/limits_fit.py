"""The scatter of the maximum a posteriori fit: if anything, it reaches the limit.

It knows the model exactly and serves to check the bound; the fit of a real cavity is
another matter.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg

from models.twin.joint_descent import JointData, descend
from models.twin.joint_model import JointModel

Reals = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_STEP_COUNT = 25
_WORST_CHI_SQUARE_RATIO = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FitScatter:
    """Where fits ended.

    Attributes
    ----------
    errors
        Departure from the truth of log10 T and B of the last sweep, in units of their
        priors, shape (fit, 2).
    chi_square_ratio
        Chi-square over its expectation, the number of rows, shape (fit,).
    is_converged
        Whether a fit stopped by itself and explains the data, shape (fit,).
    """

    errors: Reals
    chi_square_ratio: Reals
    is_converged: Mask


def bound(model: JointModel) -> Reals:
    """Return the bound on the last log10 T and B at the truth, shape (2, 2).

    In units of their priors; the truth is where places count from.
    """
    truth = np.zeros((1, model.size))
    slopes = [
        slope / noise[..., None]
        for slope, noise in zip(model.slopes(truth), model.noise(truth), strict=True)
    ]
    (whole,) = model.information(slopes)
    factor = scipy.linalg.cho_factor(whole)
    columns = scipy.linalg.cho_solve(factor, np.eye(model.size)[:, -2:])
    return np.asarray(columns[-2:])


def scatter_of_fits(
    model: JointModel,
    rng: np.random.Generator,
    fit_count: int,
    start_ratio: float = 0.03,
) -> FitScatter:
    """Draw noise and prior knowledge about the truth, and fit, many at once.

    Parameters
    ----------
    start_ratio
        How far from the truth log10 T and B start, in units of their priors;
        everything else starts where prior knowledge puts it.
    """
    truth = np.zeros((1, model.size))
    known = model.prior * rng.standard_normal((fit_count, model.size))
    noise = model.noise(truth)
    seen = [
        row + sigma * rng.standard_normal((fit_count, row.shape[1]))
        for row, sigma in zip(model.rows(truth), noise, strict=True)
    ]
    start = known.copy()
    for index, one in enumerate(model.sweeps):
        near = start_ratio * np.minimum(1.0, one.asked_prior_ratio)
        start[:, model.asked_slice(index)] = near * rng.standard_normal((fit_count, 2))
    data = JointData(
        seen=seen,
        weights=[np.repeat(1.0 / sigma, fit_count, axis=0) for sigma in noise],
        centre=known,
    )
    found = descend(model, data, start, _STEP_COUNT)
    # The expectation holds for data and prior knowledge together.
    ratio = found.costs / sum(one.shape[1] for one in seen)
    return FitScatter(
        errors=found.places[:, -2:],
        chi_square_ratio=ratio,
        is_converged=found.is_still & (ratio < _WORST_CHI_SQUARE_RATIO),
    )
