"""A scalar as a histogram: grid, soft labels, quantiles."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

BIN_COUNT = 128
"""Bins of a density."""

LEVELS = (0.05, 0.16, 0.5, 0.84, 0.95)
"""Quantiles that are reported."""

Reals = npt.NDArray[np.float64]


class Coordinate(StrEnum):
    """In which coordinate the bins are even."""

    LOG10 = "log10"
    """Logarithm to base ten; for temperatures."""

    LINEAR = "linear"
    """The value itself; for labels of which nothing is known."""

    ASINH = "asinh"
    """arsinh of the value over a scale: linear near zero, logarithmic far out."""


@dataclass(frozen=True, kw_only=True)
class DensityGrid:
    """The axis of a density.

    Attributes
    ----------
    low, high
        Ends of the grid, in the coordinate.
    scale
        Value at which ``asinh`` bends from linear to logarithmic.
    """

    coordinate: Coordinate
    low: float
    high: float
    scale: float = 1.0

    @classmethod
    def around(cls, coordinate: Coordinate, values: Reals) -> Self:
        """Span the values, with a margin of five per cent."""
        largest = float(np.abs(values).max()) or 1.0
        scale = largest / 50.0 if coordinate is Coordinate.ASINH else 1.0
        bare = cls(coordinate=coordinate, low=0.0, high=1.0, scale=scale)
        places = bare.place(values)
        low, high = float(places.min()), float(places.max())
        margin = 0.05 * (high - low)
        if coordinate is not Coordinate.LINEAR:
            margin += 1e-3
        return cls(
            coordinate=coordinate, low=low - margin, high=high + margin, scale=scale
        )

    @property
    def width(self) -> float:
        """Width of a bin, in the coordinate."""
        return (self.high - self.low) / BIN_COUNT

    @cached_property
    def edges(self) -> Reals:
        """Edges of the bins, in the coordinate, shape (BIN_COUNT + 1,)."""
        return np.linspace(self.low, self.high, BIN_COUNT + 1)

    def place(self, values: Reals) -> Reals:
        """Bring SI values to the coordinate, same shape."""
        if self.coordinate is Coordinate.LOG10:
            return np.asarray(np.log10(np.maximum(values, 1e-6)))
        if self.coordinate is Coordinate.LINEAR:
            return np.asarray(values, dtype=np.float64)
        return np.asarray(np.arcsinh(values / self.scale))

    def value(self, places: Reals) -> Reals:
        """Bring coordinates back to SI values, same shape."""
        if self.coordinate is Coordinate.LOG10:
            return np.asarray(10.0**places)
        if self.coordinate is Coordinate.LINEAR:
            return np.asarray(places, dtype=np.float64)
        return np.asarray(self.scale * np.sinh(places))

    def soft_labels(self, places: Reals) -> npt.NDArray[np.float32]:
        """Return Gaussian labels of one bin's width, (sweep,) to (sweep, BIN_COUNT)."""
        centres = 0.5 * (self.edges[1:] + self.edges[:-1])
        distance = (places[:, None] - centres) / self.width
        labels = np.exp(-0.5 * distance**2)
        return np.asarray(
            labels / np.maximum(labels.sum(axis=1, keepdims=True), 1e-9), np.float32
        )

    def quantiles(self, probabilities: Reals) -> Reals:
        """Return the coordinates of :data:`LEVELS`.

        Parameters
        ----------
        probabilities
            Shape (sweep, BIN_COUNT), each row sums to one.

        Returns
        -------
        ndarray
            Shape (sweep, 5), rising along each row.
        """
        total = np.zeros((probabilities.shape[0], BIN_COUNT + 1))
        np.cumsum(probabilities, axis=1, out=total[:, 1:])
        total /= total[:, -1:]
        # A floor on the slope keeps the inverse single-valued in empty bins.
        rising = total + 1e-9 * np.arange(BIN_COUNT + 1)
        return np.stack(
            [np.interp(LEVELS, row / row[-1], self.edges) for row in rising]
        )

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping."""
        return asdict(self) | {"coordinate": self.coordinate.value}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote."""
        return cls(
            coordinate=Coordinate(record["coordinate"]),
            low=float(record["low"]),
            high=float(record["high"]),
            scale=float(record["scale"]),
        )
