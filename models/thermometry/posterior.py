"""From distances to a density over temperature, calibrated on devices left out."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from models.calibration.novelty import FLAG_BELOW
from models.networks.density import LEVELS
from models.thermometry.device import fit_factors
from models.thermometry.emulator import Emulator
from models.thermometry.observation import Table
from models.thermometry.physics import Reals

TARGET_COVERAGE = 0.9
"""Coverage of the 90 % interval that is asked of devices left out."""

_FREEDOM = 6.0
_KERNEL_LN_K = 0.2
_EVEN_SHARE = 0.1
_WIDENINGS = np.geomspace(0.4, 6.0, 40)
_NEVER_HELD_OUT = 2.0
_MOST_FOLDS = 6
_LEAST_STRANGE = 10.0
_STRANGE_POWER = 0.5 * _FREEDOM


def prior_over(grid_k: Reals, temperature_k: Reals) -> Reals:
    """Return how often temperatures were met, smoothed and never zero; sums to one."""
    away = (np.log(grid_k)[:, None] - np.log(temperature_k)) / _KERNEL_LN_K
    met = np.exp(-0.5 * away**2).mean(axis=1)
    even = np.full(grid_k.size, 1.0 / grid_k.size)
    return np.asarray((1.0 - _EVEN_SHARE) * met / met.sum() + _EVEN_SHARE * even)


def density_of(distance: Reals, log_determinant: Reals, prior: Reals) -> Reals:
    """Return the posterior over the grid; sums to one.

    The errors are taken as of Student's t, so that one bad fit is no certainty.
    """
    tail = 0.5 * (_FREEDOM + 2.0) * np.log1p(distance / _FREEDOM)
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

    Devices left out are read with their own two factors, so that errors are told apart
    from what devices differ by: two devices that are alike show how well a line is
    read, and little of how unlike a third may be.

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
        The widening, and the distance above which a line belongs to no device of the
        family; see :func:`strangeness_of`.
    """
    prior = prior_over(whole.grid_k, temperature_k)
    held: list[tuple[Emulator, Table]] = []
    truth = []
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
        for name in np.unique(cavity[left_out]):
            rows = np.flatnonzero(left_out & (cavity == name))
            own = table.take(rows)
            _, (factors,) = fit_factors(
                own,
                temperature_k[rows],
                reference_k[rows],
                cavity[rows],
                part.device.critical_k,
            )
            known = part.of_one(*map(float, factors))
            held += [(known, table.take(rows[[place]])) for place in range(rows.size)]
            truth += temperature_k[rows].tolist()
    count = np.unique(group).size
    if not held:
        return _NEVER_HELD_OUT, threshold_of(_LEAST_STRANGE, count)
    widening = _least_widening(held, np.array(truth), prior, whole.grid_k)
    largest = max(float(each.distance(row, widening)[0].min()) for each, row in held)
    return widening, threshold_of(max(largest, _LEAST_STRANGE), count)


def strangeness_of(distance: float, threshold: float) -> float:
    """Return the p-value of a line's distance to the nearest temperature.

    It falls as the tail of Student's t that errors are taken to have, from the largest
    distance of the groups left out, which one more exceeds once in their number and
    one; so few groups call little strange. At the threshold it is :data:`FLAG_BELOW`.
    """
    if not np.isfinite(distance):
        return 0.0
    if distance <= 0.0:
        return 1.0
    often: float = FLAG_BELOW * (threshold / distance) ** _STRANGE_POWER
    return min(1.0, often)


def threshold_of(largest: float, group_count: int) -> float:
    """Return the distance above which a line is strange.

    Parameters
    ----------
    largest
        Of the distances of the groups left out.
    group_count
        How many these are: one more exceeds them all once in their number and one.
    """
    often = 1.0 / (group_count + 1.0)
    return float(largest * (often / FLAG_BELOW) ** (1.0 / _STRANGE_POWER))


def _folds(group: npt.NDArray[np.str_]) -> Iterator[npt.NDArray[np.bool_]]:
    names = np.unique(group)
    if names.size < 2:
        return
    fold = np.unique(group, return_inverse=True)[1] % _MOST_FOLDS
    for number in np.unique(fold):
        yield fold == number


def _least_widening(
    held: list[tuple[Emulator, Table]], truth: Reals, prior: Reals, grid_k: Reals
) -> float:
    for widening in _WIDENINGS:
        bounds = np.array(
            [
                quantiles_of(
                    density_of(*each.distance(row, float(widening)), prior), grid_k
                )
                for each, row in held
            ]
        )
        inside = (truth >= bounds[:, 0]) & (truth <= bounds[:, -1])
        if inside.mean() >= TARGET_COVERAGE:
            return float(widening)
    return float(_WIDENINGS[-1])
