"""From distances to a density over temperature, calibrated on devices left out."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from models.networks.density import LEVELS
from models.thermometry.emulator import Emulator
from models.thermometry.observation import Table
from models.thermometry.physics import Reals

TARGET_COVERAGE = 0.945
"""Coverage of the 90 % interval that is asked of devices left out."""

_FREEDOM = 6.0
_KERNEL_LN_K = 0.2
_EVEN_SHARE = 0.1
_WIDENINGS = np.geomspace(0.4, 6.0, 40)
_NEVER_HELD_OUT = 2.0
_MOST_FOLDS = 6
_STRANGE_FACTOR = 4.0
_LEAST_STRANGE = 40.0


def prior_over(grid_k: Reals, temperature_k: Reals) -> Reals:
    """Return how often temperatures were met, smoothed and never zero; sums to one."""
    away = (np.log(grid_k)[:, None] - np.log(temperature_k)) / _KERNEL_LN_K
    met = np.exp(-0.5 * away**2).mean(axis=1)
    even = np.full(grid_k.size, 1.0 / grid_k.size)
    return np.asarray((1.0 - _EVEN_SHARE) * met / met.sum() + _EVEN_SHARE * even)


def density_of(
    distance: Reals, log_determinant: Reals, prior: Reals, widening: float
) -> Reals:
    """Return the posterior over the grid; sums to one.

    The errors are taken as of Student's t, so that one bad fit is no certainty.
    """
    tail = 0.5 * (_FREEDOM + 2.0) * np.log1p(distance / (_FREEDOM * widening**2))
    score = np.log(prior) - 0.5 * log_determinant - tail
    raised = np.exp(score - score.max())
    return np.asarray(raised / raised.sum())


def quantiles_of(density: Reals, grid_k: Reals) -> Reals:
    """Return the quantiles at :data:`LEVELS` in K."""
    below = np.cumsum(density) - 0.5 * density
    return np.exp(np.interp(LEVELS, below, np.log(grid_k)))


def calibrate(
    table: Table,
    temperature_k: Reals,
    reference_k: Reals,
    cavity: npt.NDArray[np.str_],
    group: npt.NDArray[np.str_],
    *,
    whole: Emulator,
) -> tuple[float, float]:
    """Find what the errors are to be multiplied with, and where lines grow strange.

    Parameters
    ----------
    group
        What is left out together, shape (sweep,); where there is one group nothing can
        be held out, and the errors are doubled.
    whole
        Emulator of all sweeps.

    Returns
    -------
    tuple
        The widening, and the least distance above which a line belongs to no device
        of the family.
    """
    prior = prior_over(whole.grid_k, temperature_k)
    truth, held = [], []
    for left_out in _folds(group):
        kept = ~left_out
        part = Emulator.fit(
            table.take(kept),
            temperature_k[kept],
            reference_k[kept],
            cavity[kept],
            grid_k=whole.grid_k,
            spread=whole.spread,
        )
        for row in np.flatnonzero(left_out):
            held.append(part.distance(table.take(np.array([row]))))
            truth.append(temperature_k[row])
    if not held:
        return _NEVER_HELD_OUT, _LEAST_STRANGE * _NEVER_HELD_OUT**2
    widening = _least_widening(held, np.array(truth), prior, whole.grid_k)
    if widening < 1.0:
        # Few devices that were read better than expected promise little of the next.
        count = np.unique(group).size
        widening **= count / (count + 1.0)
    least = max(float(distance.min()) for distance, _ in held)
    return widening, max(_STRANGE_FACTOR * least, _LEAST_STRANGE)


def _folds(group: npt.NDArray[np.str_]) -> Iterator[npt.NDArray[np.bool_]]:
    names = np.unique(group)
    if names.size < 2:
        return
    fold = np.unique(group, return_inverse=True)[1] % _MOST_FOLDS
    for number in np.unique(fold):
        yield fold == number


def _least_widening(
    held: list[tuple[Reals, Reals]], truth: Reals, prior: Reals, grid_k: Reals
) -> float:
    for widening in _WIDENINGS:
        bounds = np.array(
            [
                quantiles_of(density_of(*each, prior, float(widening)), grid_k)
                for each in held
            ]
        )
        inside = (truth >= bounds[:, 0]) & (truth <= bounds[:, -1])
        if inside.mean() >= TARGET_COVERAGE:
            return float(widening)
    return float(_WIDENINGS[-1])
