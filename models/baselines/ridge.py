"""Ridge regression whose penalty is chosen by leaving whole groups out, exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]

PENALTIES = tuple(10.0**exponent for exponent in np.arange(-5.0, 3.1, 0.5))
"""Penalties that are tried, as shares of the mean eigenvalue of the Gram matrix."""

_NEGLIGIBLE = 1e-12
_FREE_OFFSET = 1e3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ridge:
    """A fitted ridge regression.

    Attributes
    ----------
    centre, scale
        Mean and standard deviation of each feature in training, shape (feature,).
    weights
        Of the standardised features, shape (feature, output).
    offset
        Shape (output,).
    penalty_ratio
        The penalty that was chosen, as a share of the mean eigenvalue.
    """

    centre: Reals
    scale: Reals
    weights: Reals
    offset: Reals
    penalty_ratio: float

    def predict(self, features: npt.NDArray[np.floating]) -> Reals:
        """Return the outputs, (sweep, feature) to (sweep, output)."""
        return np.asarray(
            ((features - self.centre) / self.scale) @ self.weights + self.offset
        )

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything that was fitted, by name."""
        return {
            "centre": self.centre,
            "scale": self.scale,
            "weights": self.weights,
            "offset": self.offset,
            "penalty_ratio": np.array([self.penalty_ratio]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Read what :meth:`to_arrays` wrote.

        Raises
        ------
        ValueError
            If the arrays do not fit each other.
        """
        weights, offset = arrays["weights"], arrays["offset"]
        centre, scale = arrays["centre"], arrays["scale"]
        if (
            weights.ndim != 2
            or centre.shape != weights.shape[:1]
            or scale.shape != centre.shape
            or offset.shape != weights.shape[1:]
            or arrays["penalty_ratio"].shape != (1,)
        ):
            raise ValueError("the arrays of a ridge regression do not fit each other")
        return cls(
            centre=centre.astype(np.float64),
            scale=scale.astype(np.float64),
            weights=weights.astype(np.float64),
            offset=offset.astype(np.float64),
            penalty_ratio=float(arrays["penalty_ratio"][0]),
        )


def fit_ridge(
    features: npt.NDArray[np.floating],
    targets: Reals,
    groups: npt.NDArray[Any] | None = None,
    penalties: tuple[float, ...] = PENALTIES,
    *,
    scaled: bool = True,
) -> tuple[Ridge, Reals]:
    """Fit, with the penalty of the least error on groups that were left out.

    No group is fitted twice: what a linear smoother says of left-out rows follows from
    its hat matrix, (I - H_gg)^-1 applied to their residuals.

    Parameters
    ----------
    features
        Shape (sweep, feature).
    targets
        Shape (sweep, output).
    groups
        What is left out together, such as the thermal cycle, shape (sweep,); single
        sweeps where None or where all are of one group.
    penalties
        Candidates; one alone is taken as it is.
    scaled
        Whether each feature is brought to standard deviation one first.

    Returns
    -------
    ridge
        The regression.
    held_out
        Its predictions of every sweep with the sweep's group left out, shape
        (sweep, output).
    """
    centre = np.asarray(np.mean(features, axis=0, dtype=np.float64))
    scale = feature_scale(features, centre) if scaled else np.ones_like(centre)
    rows = (features - centre) / scale
    offset = targets.mean(axis=0)
    wanted = targets - offset
    values, vectors, is_dual = _spectrum(rows)
    unit = max(float(values.mean()), 1e-30)
    blocks = _blocks(groups, rows.shape[0])
    left = rows @ vectors if not is_dual else vectors * np.sqrt(values)
    left = left / np.sqrt(np.maximum(values, 1e-300))
    best: tuple[float, float, Reals] | None = None
    for penalty in penalties:
        held_out = _left_out(left, values, penalty * unit, wanted, blocks)
        error = float(np.mean((held_out - wanted) ** 2))
        if best is None or error < best[0]:
            best = error, penalty, held_out
    assert best is not None
    _, penalty, held_out = best
    shrunk = (left.T @ wanted) / (values + penalty * unit)[:, None]
    if is_dual:
        weights = rows.T @ (vectors @ shrunk)
    else:
        weights = vectors @ (np.sqrt(values)[:, None] * shrunk)
    fitted = Ridge(
        centre=centre,
        scale=scale,
        weights=weights,
        offset=offset,
        penalty_ratio=penalty,
    )
    return fitted, held_out + offset


def feature_scale(features: npt.NDArray[np.floating], centre: Reals) -> Reals:
    """Return the standard deviation of each feature, 1 where it does not vary.

    Parameters
    ----------
    features, centre
        Shape (sweep, feature), and their mean.
    """
    spread = np.std(features, axis=0, dtype=np.float64)
    return np.where(spread > 1e-9 * (np.abs(centre) + 1e-9), spread, 1.0)


def _spectrum(rows: Reals) -> tuple[Reals, Reals, bool]:
    """Return eigenvalues and vectors of the smaller Gram matrix, and which it is."""
    is_dual = rows.shape[0] <= rows.shape[1]
    gram = rows @ rows.T if is_dual else rows.T @ rows
    values, vectors = np.linalg.eigh(gram)
    alive = values > _NEGLIGIBLE * max(float(values[-1]), 1e-30)
    return values[alive], vectors[:, alive], is_dual


def _blocks(groups: npt.NDArray[Any] | None, count: int) -> list[npt.NDArray[np.intp]]:
    if groups is None or np.unique(groups).size < 2:
        return [np.array([row]) for row in range(count)]
    _, index = np.unique(groups, return_inverse=True)
    return [np.flatnonzero(index == group) for group in range(index.max() + 1)]


def _left_out(
    left: Reals,
    values: Reals,
    penalty: float,
    wanted: Reals,
    blocks: list[npt.NDArray[np.intp]],
) -> Reals:
    """Predict each block from the others; the offset is refitted without the block."""
    shares = values / (values + penalty)
    fitted = left @ (shares[:, None] * (left.T @ wanted))
    count = left.shape[0]
    free = _FREE_OFFSET / (_FREE_OFFSET + 1.0) / count
    rest = wanted - fitted
    if len(blocks) == count:
        leverage = free + (left**2) @ shares
        return np.asarray(wanted - rest / (1.0 - leverage)[:, None])
    found = np.empty_like(wanted)
    for block in blocks:
        own = left[block]
        hat = (own * shares) @ own.T + free
        missed = np.linalg.solve(np.eye(block.size) - hat, rest[block])
        found[block] = wanted[block] - missed
    return found
