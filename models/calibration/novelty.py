"""How strange a sweep is, as conformal p-values of three scores.

The scores are those of process monitoring: Hotelling's T2 inside the principal
components, Q outside of them, and the mean distance to the five nearest known sweeps.

They are calibrated as those of one thermal cycle more (:mod:`.cycles`), or a whole
healthy cycle would be strange as soon as it is further off than all known ones.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration.cycles import CycledSweeps, NextCycle

Reals = npt.NDArray[np.float64]

SCORES = ("t2", "q", "knn5")
"""Names of the scores that every model has, in the order of their arrays."""

GRID_SIZE = 257
"""Quantiles that are kept of each score."""

FLAG_BELOW = 0.005
"""A sweep with a lower p-value is out of distribution."""

_TAIL_SHARE = 0.1
_FASTEST_TAIL = 12.0
_LEAST_SCORE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoveltyCalibration:
    """Scores of held-out sweeps.

    Attributes
    ----------
    quantiles
        Quantiles of each score, shape (score, GRID_SIZE), rising.
    tail
        Index of the power law beyond the largest score, shape (score,).
    sweep_count
        Sweeps that were scored.
    names
        Of the scores, in the order of their arrays.
    """

    quantiles: Reals
    tail: Reals
    sweep_count: int
    names: tuple[str, ...] = SCORES

    def p_values(self, scores: Reals) -> Reals:
        """Return one p-value for each score.

        Beyond the largest held-out score the p-value falls as the power law that the
        upper tenth of the scores follows (Hill's estimate).

        Parameters
        ----------
        scores
            Shape (sweep, score).

        Returns
        -------
        ndarray
            Between 0 and 1, shape (sweep, score).
        """
        least = 1.0 / (self.sweep_count + 1.0)
        shares = np.linspace(1.0, 0.0, GRID_SIZE)
        values = np.empty(scores.shape)
        for column in range(scores.shape[1]):
            grid = self.quantiles[column]
            inside = np.interp(scores[:, column], grid, shares)
            beyond = np.maximum(scores[:, column] / grid[-1], 1.0)
            tail = beyond ** -self.tail[column]
            values[:, column] = np.maximum(inside * (1 - least) + least, least) * tail
        return values

    def combined(self, scores: Reals, *further: Reals) -> Reals:
        """Return the Bonferroni-combined p-value of each sweep, shape (sweep,).

        Parameters
        ----------
        further
            p-values of scores more, NaN where one says nothing, shape (sweep,) each.
        """
        smallest = self.p_values(scores).min(axis=1)
        count = np.full(smallest.shape, float(len(self.names)))
        for each in further:
            count += np.isfinite(each)
            smallest = np.fmin(smallest, each)
        return np.asarray(np.minimum(1.0, count * smallest))


def calibrate_novelty(
    scores: Reals,
    names: tuple[str, ...] = SCORES,
    sweeps: CycledSweeps | None = None,
) -> NoveltyCalibration:
    """Calibrate on the scores of held-out sweeps, shape (sweep, score).

    Parameters
    ----------
    sweeps
        Whose the scores are; taken as exchangeable where None.
    """
    count = scores.shape[0]
    least = 1.0 / (count + 1.0)
    levels = np.linspace(0.0, 1.0, GRID_SIZE) * (1.0 - least)
    quantiles, tail = [], []
    for column in np.maximum(scores, _LEAST_SCORE).T:
        expected = column
        if sweeps is not None:
            following = NextCycle.of(np.log(column), sweeps)
            expected = column if following is None else np.exp(following.logs())
        quantiles.append(np.quantile(expected, levels))
        tail.append(_hill(expected))
    # Equal neighbours would make the inverse ambiguous.
    rising = np.array(quantiles) * (1.0 + 1e-9 * np.arange(GRID_SIZE))
    return NoveltyCalibration(
        quantiles=np.maximum(rising, _LEAST_SCORE),
        tail=np.array(tail),
        sweep_count=count,
        names=names,
    )


def _hill(scores: Reals) -> float:
    upper = np.sort(scores)[-max(int(_TAIL_SHARE * scores.size), 2) :]
    excess = float(np.mean(np.log(upper / max(upper[0], 1e-12))))
    return min(1.0 / max(excess, 1e-3), _FASTEST_TAIL)
