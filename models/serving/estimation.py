"""Whether quantiles say anything, and what a line says of temperature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.networks.density import Coordinate, DensityGrid
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineReading:
    """What lines say of temperature; the first axis is the sweep.

    Attributes
    ----------
    quantiles
        In the grid's coordinate, shape (sweep, level).
    told
        Whether a temperature is told, shape (sweep,).
    p_value
        How often a line is as strange, NaN where there is none, shape (sweep,).
    """

    quantiles: Reals
    told: Flags
    p_value: Reals


def read_lines(
    thermometer: ResonatorThermometer, views: Sequence[SweepView], grid: DensityGrid
) -> LineReading:
    """Read temperature from the lines of sweeps."""
    judged = [
        thermometer.judge(seen, has_reference=view.reference is not None)
        for view, seen in zip(views, observe_views(views), strict=True)
    ]
    p_value = [np.nan if each.p_value is None else each.p_value for each in judged]
    return LineReading(
        quantiles=np.stack([grid.place(each.quantiles_k) for each in judged]),
        told=np.array([each.state is ThermometryState.ESTIMATED for each in judged]),
        p_value=np.array(p_value),
    )
