"""A ridge on the coordinates: the most direct reading of a scalar.

Its weights are penalised by their size, and by what re-made reflections would do to
the reading: a dozen cycles show a dozen ripples, and a reading that is blind to these
alone follows the next one. Physics knows them all (:attr:`CoordinateForm.scatter`).
Phases and delays, which every re-made connector moves, are read only where left-out
cycles are read clearly better with them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import Flags, Reals, as_stored

PENALTIES = tuple(float(10.0**power) for power in range(-9, 0))
"""Penalties on the size of weights that are tried, over the number of sweeps."""

RIPPLES = (0.0, 1e-4, 1e-3, 1e-2)
"""Penalties on what ripple does to a reading; 1 is that of the middle coordinate."""

_LARGEST_INPUT = 10.0
_FLOOR_SHARE = 0.3
_NOISE = 1e-2
_SHARE_OF_ERROR = 0.5


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
    values: Reals,
    truth: Reals,
    fold: npt.NDArray[np.intp],
    scatter: Reals | None = None,
    loose: Flags | None = None,
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
    scatter
        How re-made reflections scatter the coordinates, in any unit, shape
        (coordinate, coordinate); zeros, or None, where nobody knows.
    loose
        Coordinates that every re-made connector moves, shape (coordinate,); none
        where None.

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
    even = _even_scatter(scatter, scale)
    read = np.ones(scale.size, dtype=np.bool_)
    chosen = _choose(inputs, truth, fold, even)
    if loose is not None and loose.any() and not loose.all():
        firm = _choose(inputs * ~loose, truth, fold, even)
        if firm.score <= chosen.score * _within_error(np.unique(fold).size):
            chosen, read = firm, ~loose
    inputs = inputs * read
    weight, offset = _Moments.of(inputs, truth).solved((chosen.size,), chosen.ripple)
    leverage = _left_out_leverage(inputs, fold)
    floor = _FLOOR_SHARE * float(np.median(leverage))
    reader = RidgeReader(
        centre=centre,
        scale=scale,
        weight=np.where(read, as_stored(weight[:, 0]), np.nan),
        offset=float(offset[0]),
        precision=_precision(inputs) * np.outer(read, read),
        floor=floor,
    )
    return reader, chosen.left_out, spread_of(leverage, floor)


@dataclass(frozen=True, slots=True, eq=False)
class _Penalties:
    """What was chosen, its rms error on left-out sweeps, and how it reads these."""

    size: float
    ripple: Reals
    score: float
    left_out: Reals


def _choose(
    inputs: Reals, truth: Reals, fold: npt.NDArray[np.intp], even: Reals
) -> _Penalties:
    """Choose penalties on left-out cycles.

    Of those on ripple the one is taken that reads them best; of those on size the
    largest that does so within its standard error (Breiman, Friedman, Olshen and
    Stone, 1984), or half of it where ripple is known: then it is no longer size that
    keeps a reading from following ripple.
    """
    is_known = bool(even.any())
    ripples = [each * even for each in (RIPPLES if is_known else (0.0,))]
    readings = _left_out(inputs, truth, fold, ripples)
    errors = np.sqrt(np.mean((readings - truth[:, None]) ** 2, axis=1))
    ripple = int(errors.min(axis=1).argmin())
    share = _SHARE_OF_ERROR if is_known else 1.0
    best = one_error_rule(errors[ripple], np.unique(fold).size, share)
    return _Penalties(
        PENALTIES[best],
        ripples[ripple],
        float(errors.min()),
        np.asarray(readings[ripple, :, best]),
    )


def one_error_rule(errors: Reals, cycle_count: int, share: float = 1.0) -> int:
    """Return the largest penalty whose error is the least one within its own error.

    A dozen cycles tell an rms to a fifth; a small penalty that is best by less than
    that is best for them, and worse for the next.

    Parameters
    ----------
    share
        Of the standard error that is allowed.
    """
    allowed = float(errors.min()) * _within_error(cycle_count, share)
    return int(np.flatnonzero(errors <= allowed).max())


def _within_error(cycle_count: int, share: float = 1.0) -> float:
    """Return how much an rms over cycles may be larger by chance."""
    return float(1.0 + share / np.sqrt(2.0 * cycle_count))


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


def _even_scatter(scatter: Reals | None, scale: Reals) -> Reals:
    """Return scatter of scaled coordinates, 1 for the middle one of those it knows."""
    if scatter is None:
        return np.zeros((scale.size, scale.size))
    scaled = scatter / np.outer(scale, scale)
    known = np.diag(scaled)[np.diag(scaled) > 0]
    return np.asarray(scaled / np.median(known) if known.size else scaled)


def _left_out(
    inputs: Reals, truth: Reals, fold: npt.NDArray[np.intp], ripples: list[Reals]
) -> Reals:
    """Return readings without the own cycle, shape (ripple, sweep, penalty)."""
    found = np.zeros((len(ripples), truth.size, len(PENALTIES)))
    for index in np.unique(fold):
        out = fold == index
        known = ~out if not out.all() else out
        moments = _Moments.of(inputs[known], truth[known])
        for number, ripple in enumerate(ripples):
            weight, offset = moments.solved(PENALTIES, ripple)
            found[number, out] = inputs[out] @ weight + offset
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """All that a ridge needs to know of sweeps."""

    middle: Reals
    centre: float
    scatter: Reals
    mixed: Reals

    @classmethod
    def of(cls, inputs: Reals, truth: Reals) -> "_Moments":
        middle, usual = inputs.mean(axis=0), float(truth.mean())
        centred = inputs - middle
        return cls(
            middle,
            usual,
            centred.T @ centred / truth.size,
            centred.T @ (truth - usual) / truth.size,
        )

    def solved(
        self, penalties: tuple[float, ...], ripple: Reals
    ) -> tuple[Reals, Reals]:
        """Return weights and offsets for several penalties, (coordinate, penalty)."""
        values, vectors = np.linalg.eigh(self.scatter + ripple)
        turned = vectors.T @ self.mixed
        values = np.maximum(values, 0.0)
        shrunk = turned[:, None] / (values[:, None] + np.array(penalties))
        weight = vectors @ shrunk
        return weight, self.centre - self.middle @ weight
