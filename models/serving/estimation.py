"""Whether quantiles say anything, and what a line says of temperature."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.networks.density import LEVELS, Coordinate, DensityGrid
from models.preprocessing.view import SweepView, Traces
from models.thermometry import (
    LineObservation,
    ResonatorThermometer,
    ThermometryState,
    fit_lines,
    observe_sweep,
)

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WIDEST_DEX = 0.6
"""A 90 % interval of temperature beyond this says nothing."""

_WIDEST_SHARE = 0.5


def widest_interval(grid: DensityGrid) -> float:
    """Return the width, in the coordinate, from which a density says nothing."""
    half = _WIDEST_SHARE * (grid.high - grid.low)
    return min(WIDEST_DEX, half) if grid.coordinate is Coordinate.LOG10 else half


def determined(quantiles: Reals, grid: DensityGrid) -> Flags:
    """Return where quantiles are narrow enough to say anything, shape (sweep,)."""
    return np.asarray(quantiles[:, -1] - quantiles[:, 0] <= widest_interval(grid))


def observe_views(views: Sequence[SweepView]) -> list[LineObservation | None]:
    """Fit the lines of sweeps and of their references; None where there is no line."""
    found: list[LineObservation | None] = []
    known: dict[int, Traces] = {}
    fits = {}
    for view in views:
        if view.reference is None or view.reference_hz is None:
            found.append(None)
            continue
        key = id(view.reference)
        if key not in fits:
            # The traces are held while their id stands for them.
            known[key] = view.reference
            fits[key] = fit_lines(view.reference_hz, view.reference)
        found.append(
            observe_sweep(fit_lines(view.frequency_hz, view.traces), fits[key])
        )
    return found


def read_lines(
    thermometer: ResonatorThermometer, views: Sequence[SweepView], grid: DensityGrid
) -> tuple[Reals, Flags]:
    """Return quantiles of temperature in the grid's coordinate, and where told.

    Returns
    -------
    quantiles : ndarray
        Shape (sweep, level).
    told : ndarray
        Shape (sweep,).
    """
    quantiles = np.empty((len(views), len(LEVELS)))
    told = np.zeros(len(views), dtype=np.bool_)
    for row, (view, seen) in enumerate(zip(views, observe_views(views), strict=True)):
        judged = thermometer.judge(seen, has_reference=view.reference is not None)
        quantiles[row] = grid.place(judged.quantiles_k)
        told[row] = judged.state is ThermometryState.ESTIMATED
    return quantiles, told
