"""From the coordinate of a grid to what a receiver's judge reads, and back."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.networks.density import Coordinate, DensityGrid

Reals = npt.NDArray[np.float64]


def in_units(values: Reals, grid: DensityGrid) -> Reals:
    """Return quantiles of a grid's coordinate as a receiver's judge reads them.

    Temperatures in log10 K, all else in its unit.
    """
    return values if grid.coordinate is Coordinate.LOG10 else grid.value(values)


def readings_in_units(
    others: Mapping[str, Mapping[str, Reals]], grids: Mapping[str, DensityGrid]
) -> dict[str, dict[str, Reals]]:
    """Return readings by expert and target as :func:`in_units` has them.

    Nobody is heard beyond what was trained on.
    """
    return {
        who: {
            name: in_units(values.clip(grids[name].low, grids[name].high), grids[name])
            for name, values in each.items()
        }
        for who, each in others.items()
    }


def in_coordinate(values: Reals, grid: DensityGrid) -> Reals:
    """Return what :func:`in_units` took."""
    return values if grid.coordinate is Coordinate.LOG10 else grid.place(values)
