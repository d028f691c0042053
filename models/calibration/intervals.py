"""Intervals that hold what they promise: conformal offsets on density quantiles."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration.scaling import Reals, fit_temperature, softmax, upper_quantile
from models.networks.density import LEVELS, DensityGrid

GROUP_COUNT = 4
"""Three bands of the estimated median, and one for sweeps that look faulty."""

FAULTY_GROUP = 3
"""Index of the last group."""

_LEAST_GROUP = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntervalCalibration:
    """How a density head's logits become quantiles.

    Attributes
    ----------
    softmax_temperature
        Divides the logits.
    band_edges
        Two medians, in the coordinate, that part the three bands; shape (2,).
    offsets
        Outward shift of each quantile, in the coordinate; shape (group, level).
    """

    softmax_temperature: float
    band_edges: Reals
    offsets: Reals

    def quantiles(
        self, logits: Reals, grid: DensityGrid, looks_faulty: npt.NDArray[np.bool_]
    ) -> Reals:
        """Return calibrated quantiles in the coordinate.

        Parameters
        ----------
        logits
            Shape (member, sweep, bin); the members' densities are averaged.
        looks_faulty
            Whether the condition is judged other than healthy, shape (sweep,).

        Returns
        -------
        ndarray
            Shape (sweep, level), rising along each row.
        """
        raw = grid.quantiles(softmax(logits, self.softmax_temperature).mean(axis=0))
        group = _group_of(raw, self.band_edges, looks_faulty)
        shifted = raw + self.offsets[group]
        # The median stays; bounds may neither cross it nor one another.
        shifted[:, 1] = np.minimum(shifted[:, 1], raw[:, 2])
        shifted[:, 0] = np.minimum(shifted[:, 0], shifted[:, 1])
        shifted[:, 3] = np.maximum(shifted[:, 3], raw[:, 2])
        shifted[:, 4] = np.maximum(shifted[:, 4], shifted[:, 3])
        return np.clip(shifted, grid.low, grid.high)


def calibrate_intervals(
    logits: Reals,
    places: Reals,
    grid: DensityGrid,
    looks_faulty: npt.NDArray[np.bool_],
) -> IntervalCalibration:
    """Calibrate a density head on held-out sweeps (one-sided split conformal).

    Parameters
    ----------
    logits
        Of one member that has not seen the sweep, shape (sweep, bin).
    places
        Truth in the coordinate, shape (sweep,).
    looks_faulty
        Shape (sweep,).
    """
    temperature = fit_temperature(logits, grid.soft_labels(places).astype(np.float64))
    raw = grid.quantiles(softmax(logits, temperature))
    edges = np.quantile(raw[:, 2], [1 / 3, 2 / 3])
    group = _group_of(raw, edges, looks_faulty)
    pooled = _offsets(raw, places)
    offsets = np.tile(pooled, (GROUP_COUNT, 1))
    for index in range(GROUP_COUNT):
        member = group == index
        if member.sum() >= _LEAST_GROUP:
            offsets[index] = _offsets(raw[member], places[member])
    return IntervalCalibration(
        softmax_temperature=temperature, band_edges=edges, offsets=offsets
    )


def _offsets(raw: Reals, places: Reals) -> Reals:
    offsets = np.zeros(len(LEVELS))
    for column, level in enumerate(LEVELS):
        if level < 0.5:
            offsets[column] = -upper_quantile(raw[:, column] - places, 1.0 - level)
        elif level > 0.5:
            offsets[column] = upper_quantile(places - raw[:, column], level)
    return offsets


def _group_of(
    raw: Reals, edges: Reals, looks_faulty: npt.NDArray[np.bool_]
) -> npt.NDArray[np.intp]:
    band = np.searchsorted(edges, raw[:, 2])
    return np.where(looks_faulty, FAULTY_GROUP, band)
