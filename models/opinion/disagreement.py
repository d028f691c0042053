"""How far a member of the ensemble and the second opinion are apart."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.calibration import IntervalCalibration
from models.calibration.scaling import softmax
from models.networks.density import DensityGrid
from models.opinion.opinion import OpinionReading

Reals = npt.NDArray[np.float64]

DISAGREEMENT = "disagreement"
"""Name of the score."""

_LEAST_SHARE = 1e-3


def disagreement_of(
    logits: Mapping[str, Reals],
    opinion: OpinionReading,
    grids: Mapping[str, DensityGrid],
    intervals: Mapping[str, IntervalCalibration],
) -> Reals:
    """Return the root mean square over targets of how far both are apart.

    Scalars count by the distance of the means over both standard deviations, classes
    by the symmetrised Kullback-Leibler divergence (Jeffreys 1946).

    Parameters
    ----------
    logits
        Head to logits, shape (member, sweep, output).

    Returns
    -------
    ndarray
        Shape (member, sweep).
    """
    apart = []
    for name, quantiles in opinion.quantiles.items():
        if name in logits:
            heat = intervals[name].softmax_temperature
            apart.append(
                _of_scalar(softmax(logits[name], heat), quantiles, grids[name])
            )
    for name, shares in opinion.probabilities.items():
        if name in logits:
            apart.append(_of_classes(softmax(logits[name]), shares))
    return np.asarray(np.sqrt(np.mean(apart, axis=0)))


def _of_scalar(density: Reals, quantiles: Reals, grid: DensityGrid) -> Reals:
    centres = 0.5 * (grid.edges[1:] + grid.edges[:-1])
    mean = density @ centres
    variance = np.maximum(density @ centres**2 - mean**2, 0.0) + grid.width**2
    own = 0.5 * (quantiles[:, 3] - quantiles[:, 1])
    return np.asarray((mean - quantiles[:, 2]) ** 2 / (variance + own**2))


def _of_classes(first: Reals, second: Reals) -> Reals:
    first, second = (np.maximum(each, _LEAST_SHARE) for each in (first, second))
    return np.asarray(((first - second) * np.log(first / second)).sum(axis=-1))
