"""A ridge on the coordinates: the most direct reading of a scalar.

Its penalty is the largest with which left-out cycles are read as well as with the
best one, within its standard error (Breiman, Friedman, Olshen and Stone, 1984).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import Reals, as_stored

PENALTIES = tuple(float(10.0**power) for power in range(-9, 0))
"""Penalties that are tried, over the number of sweeps."""

_LARGEST_INPUT = 10.0
_FLOOR_SHARE = 0.3
_NOISE = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RidgeReader:
    """A scalar as a linear function of scaled coordinates.

    Attributes
    ----------
    centre, scale, weight
        Shape (coordinate,); NaN for coordinates that are not read.
    offset
        The value at the centre, in the coordinate of the scalar.
    precision
        Inverse of the scatter of the scaled coordinates, 0 for those that are not
        read, shape (coordinate, coordinate).
    floor
        Least leverage that counts.
    """

    centre: Reals
    scale: Reals
    weight: Reals
    offset: float
    precision: Reals
    floor: float

    def read(self, values: Reals) -> Reals:
        """Return the scalar of sweeps, shape (sweep,)."""
        there = np.isfinite(self.weight)
        inputs = ridge_inputs(values[:, there], self.centre[there], self.scale[there])
        return np.asarray(inputs @ self.weight[there] + self.offset)

    def spread(self, values: Reals) -> Reals:
        """Return how unsure a reading is against others, shape (sweep,).

        The fourth root of its leverage: a sweep of a cycle that differs from all
        others is read less surely, but not as much so as independent sweeps would be.
        """
        there = np.isfinite(self.weight)
        inputs = ridge_inputs(values[:, there], self.centre[there], self.scale[there])
        precision = self.precision[np.ix_(there, there)]
        return spread_of(leverage_of(inputs, precision), self.floor)


def ridge_inputs(values: Reals, centre: Reals, scale: Reals) -> Reals:
    """Return scaled coordinates, pressed to what training could hold."""
    return np.asarray(
        np.clip((values - centre) / scale, -_LARGEST_INPUT, _LARGEST_INPUT)
    )


def leverage_of(inputs: Reals, precision: Reals) -> Reals:
    """Return the squared distance of inputs from their middle, shape (sweep,)."""
    return np.asarray(np.einsum("nc,cd,nd->n", inputs, precision, inputs))


def spread_of(leverage: Reals, floor: float) -> Reals:
    """Return the fourth root of leverage, shape (sweep,)."""
    return np.asarray((leverage + floor) ** 0.25)


def fit_ridge(
    values: Reals, truth: Reals, fold: npt.NDArray[np.intp]
) -> tuple[RidgeReader, Reals, Reals]:
    """Fit on all sweeps, and read each by what the other cycles teach.

    Parameters
    ----------
    values
        Coordinates without gaps, shape (sweep, coordinate).
    truth
        The scalar in its coordinate, shape (sweep,).
    fold
        Group of cycles that a sweep is left out with, shape (sweep,).

    Returns
    -------
    reader : RidgeReader
        Fitted on all sweeps.
    left_out : ndarray
        Reading of each sweep without its cycle, shape (sweep,).
    spread : ndarray
        How unsure that was against others, shape (sweep,).
    """
    centre = as_stored(values.mean(axis=0))
    scale = as_stored(np.maximum(values.std(axis=0), 1e-9))
    inputs = ridge_inputs(values, centre, scale)
    readings = _left_out(inputs, truth, fold)
    errors = np.sqrt(np.mean((readings - truth[:, None]) ** 2, axis=0))
    best = one_error_rule(errors, np.unique(fold).size)
    weight, offset = _solve(inputs, truth, (PENALTIES[best],))
    leverage = _left_out_leverage(inputs, fold)
    floor = _FLOOR_SHARE * float(np.median(leverage))
    reader = RidgeReader(
        centre=centre,
        scale=scale,
        weight=as_stored(weight[:, 0]),
        offset=float(offset[0]),
        precision=_precision(inputs),
        floor=floor,
    )
    return reader, np.asarray(readings[:, best]), spread_of(leverage, floor)


def one_error_rule(errors: Reals, cycle_count: int) -> int:
    """Return the largest penalty whose error is the least one within its own error.

    A dozen cycles tell an rms to a fifth; a small penalty that is best by less than
    that is best for them, and worse for the next.
    """
    allowed = float(errors.min()) * (1.0 + 1.0 / np.sqrt(2.0 * cycle_count))
    return int(np.flatnonzero(errors <= allowed).max())


def _left_out_leverage(inputs: Reals, fold: npt.NDArray[np.intp]) -> Reals:
    found = np.zeros(inputs.shape[0])
    for index in np.unique(fold):
        out = fold == index
        known = ~out if not out.all() else out
        found[out] = leverage_of(inputs[out], _precision(inputs[known]))
    return found


def _precision(inputs: Reals) -> Reals:
    scatter = inputs.T @ inputs / inputs.shape[0]
    found = np.linalg.inv(scatter + _NOISE * np.eye(scatter.shape[0]))
    return as_stored(0.5 * (found + found.T))


def _left_out(inputs: Reals, truth: Reals, fold: npt.NDArray[np.intp]) -> Reals:
    found = np.zeros((truth.size, len(PENALTIES)))
    for index in np.unique(fold):
        out = fold == index
        known = ~out if not out.all() else out
        weight, offset = _solve(inputs[known], truth[known], PENALTIES)
        found[out] = inputs[out] @ weight + offset
    return found


def _solve(
    inputs: Reals, truth: Reals, penalties: tuple[float, ...]
) -> tuple[Reals, Reals]:
    """Return weights and offsets for several penalties, (coordinate, penalty)."""
    middle, usual = inputs.mean(axis=0), float(truth.mean())
    centred = inputs - middle
    values, vectors = np.linalg.eigh(centred.T @ centred / truth.size)
    turned = vectors.T @ (centred.T @ (truth - usual) / truth.size)
    values = np.maximum(values, 0.0)
    shrunk = turned[:, None] / (values[:, None] + np.array(penalties))
    weight = vectors @ shrunk
    return weight, usual - middle @ weight
