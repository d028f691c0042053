"""Coordinates of sweeps as networks and ridges take them: even, finite, by trace."""

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from models.coordinates import CoordinateForm, Coordinates
from models.coordinates.signal import as_stored

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_LARGEST = 20.0
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class CoordinateInputs:
    """How coordinates become inputs.

    Attributes
    ----------
    form
        How sweeps are put into coordinates.
    centre, spread
        Median and robust spread of the coordinates, the texture behind them, shape
        (coordinate + texture,).
    """

    form: CoordinateForm
    centre: Reals
    spread: Reals

    @classmethod
    def of(cls, form: CoordinateForm, seen: Coordinates) -> Self:
        """Even out coordinates by those of many sweeps."""
        values = np.concatenate([seen.values, seen.texture], axis=1)
        with warnings.catch_warnings():
            # A coordinate that no sweep has is all gaps.
            warnings.simplefilter("ignore", RuntimeWarning)
            centre = np.nan_to_num(np.nanmedian(values, axis=0))
            apart = np.nanmedian(np.abs(values - centre), axis=0)
            spread = np.nan_to_num(1.4826 * apart)
            wide = np.nan_to_num(np.nanstd(values, axis=0))
        # Where most sweeps agree to the last digit the others tell the scale.
        spread = np.maximum(spread, 0.1 * wide)
        return cls(
            form=form,
            centre=as_stored(centre),
            spread=as_stored(np.maximum(spread, _LEAST_SPREAD)),
        )

    @cached_property
    def width(self) -> int:
        """Inputs of one trace; traces that have fewer are filled with zeros."""
        return max(column.size for column in self._columns)

    def tables(self, seen: Coordinates) -> Singles:
        """Return inputs by trace, zero where a trace is missing.

        Returns
        -------
        ndarray
            Spreads from the centre, shape (sweep, trace, width).
        """
        values = np.concatenate([seen.values, seen.texture], axis=1)
        even = np.clip((values - self.centre) / self.spread, -_LARGEST, _LARGEST)
        even = np.where(np.isnan(even), 0.0, even).astype(np.float32)
        columns = self._columns
        table = np.zeros((even.shape[0], len(columns), self.width), np.float32)
        for trace, column in enumerate(columns):
            table[:, trace, : column.size] = even[:, column]
        return table

    def there(self, seen: Coordinates) -> Flags:
        """Return which traces have coordinates, shape (sweep, trace)."""
        values = np.concatenate([seen.values, seen.texture], axis=1)
        known = np.isfinite(values)
        return np.stack([known[:, each].all(axis=1) for each in self._columns], 1)

    @cached_property
    def _columns(self) -> list[npt.NDArray[np.intp]]:
        of = np.concatenate([self.form.trace_of, self.form.trace_of_texture])
        return [np.flatnonzero(of == trace) for trace in range(len(self.form.traces))]
