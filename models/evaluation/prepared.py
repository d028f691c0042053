"""What the baselines share in one fold: fitted on what may be seen, made once."""

import numpy as np
import numpy.typing as npt

from models.baselines.entries import View
from models.baselines.minirocket import MiniRocket
from models.evaluation.representation import Representation

Reals = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

KERNEL_FEATURES = 2520
"""Features of MiniRocket in the leaderboard."""

_MOST_COMPONENTS = 50


class Prepared:
    """Views of a representation, fitted on the sweeps that a fold may see.

    Parameters
    ----------
    seen
        Sweeps that the fold learns from, shape (sweep,).
    """

    def __init__(self, representation: Representation, seen: Places) -> None:
        self._representation = representation
        self._seen = seen
        self._made: dict[tuple[View, str], Reals] = {}

    def view(self, view: View, target: str) -> Reals:
        """Return the features of all sweeps for a target, shape (sweep, feature)."""
        by_table = {View.TABLE, View.COMPONENTS_30, View.COMPONENTS_50}
        table = self._representation.table(target) if view in by_table else ""
        if view is View.COMPONENTS_30:
            return self._cached((View.COMPONENTS_50, table))[:, :30]
        return self._cached((view, table))

    def _cached(self, key: tuple[View, str]) -> Reals:
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]

    def _make(self, view: View, table: str) -> Reals:
        given = self._representation
        if view is View.KERNELS:
            return self._kernels()
        if view is View.RAW_COMPONENTS_30:
            return _components(given.raw.astype(np.float64), self._seen, 30)
        if view is View.COMPONENTS_50:
            full = given.tables[table].astype(np.float64)
            return _components(full, self._seen, _MOST_COMPONENTS)
        if view is View.TABLE:
            return given.tables[table].astype(np.float64)
        return {
            View.CLOCK: given.clock,
            View.METADATA: given.metadata,
        }.get(view, np.zeros((given.clock.shape[0], 1)))

    def _kernels(self) -> Reals:
        series = self._representation.series
        rocket = MiniRocket.fit(series[self._seen], feature_count=KERNEL_FEATURES)
        return rocket.features(series).astype(np.float64)


def _components(table: Reals, seen: Places, count: int) -> Reals:
    """Return standardised principal components of the seen sweeps, for all sweeps."""
    rows = table[seen]
    centre = rows.mean(axis=0)
    centred = rows - centre
    if rows.shape[0] <= rows.shape[1]:
        values, vectors = np.linalg.eigh(centred @ centred.T)
        basis = centred.T @ vectors / np.sqrt(np.maximum(values, 1e-300))
    else:
        values, basis = np.linalg.eigh(centred.T @ centred)
    kept = np.flatnonzero(values > 1e-10 * max(float(values[-1]), 1e-30))[::-1][:count]
    spread = np.sqrt(values[kept] / rows.shape[0])
    return np.asarray((table - centre) @ basis[:, kept] / spread)
