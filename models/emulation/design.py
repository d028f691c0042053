"""How the coordinates of a healthy receiver depend on temperature and stray field."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import BSpline

from models.coordinates.signal import Reals

FIELD_DEGREE = 3
"""Highest power of the field."""

_SPLINE_DEGREE = 3
_END_SHARE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """Basis functions of place on the temperature axis, and powers of the field.

    Attributes
    ----------
    fine, coarse
        Knots on the temperature axis (log10 K) for the healthy curve itself, and for
        how the field changes it; rising, shape (knot,). Empty where there is no
        temperature axis.
    field_scale
        Largest trained field in T; 0 where there is no field axis.
    """

    fine: Reals
    coarse: Reals
    field_scale: float

    @property
    def powers(self) -> int:
        """Powers of the field, the zeroth among them."""
        return 1 + (FIELD_DEGREE if self.field_scale > 0 else 0)

    def blocks(self, place: Reals) -> tuple[Reals, Reals]:
        """Return the fine and the coarse basis at places, (..., term) each."""
        return _basis(place, self.fine), _basis(place, self.coarse)

    def rows(self, place: Reals, field_tesla: Reals) -> Reals:
        """Return all terms at places and fields of the same length.

        Order: fine; coarse times each power of the field.
        """
        fine, coarse = self.blocks(place)
        parts = [fine]
        if self.field_scale > 0:
            relative = field_tesla / self.field_scale
            parts += [
                coarse * relative[:, None] ** power
                for power in range(1, FIELD_DEGREE + 1)
            ]
        return np.concatenate(parts, axis=1)

    def slices(self) -> tuple[slice, list[slice]]:
        """Return where the terms of the curve and of each power of the field stand."""
        fine, coarse = _size(self.fine), _size(self.coarse)
        fields = [
            slice(fine + index * coarse, fine + (index + 1) * coarse)
            for index in range(self.powers - 1)
        ]
        return slice(0, fine), fields

    def penalty(self, smoothness: float) -> Reals:
        """Return the quadratic penalty on the coefficients: bend, and size."""
        curve, fields = self.slices()
        count = _size(self.fine) + len(fields) * _size(self.coarse)
        penalty = 1e-8 * np.eye(count)
        penalty[curve, curve] += smoothness * _bend(_size(self.fine))
        for part in fields:
            penalty[part, part] += smoothness * _bend(_size(self.coarse))
            penalty[part, part] += 1e-4 * np.eye(_size(self.coarse))
        return penalty


def knots_for(place: Reals, count: int) -> Reals:
    """Return knots at even shares of the sweeps, over the range of the places."""
    shares = np.quantile(place, np.linspace(0.0, 1.0, count))
    even = np.linspace(place.min(), place.max(), count)
    # Half by share, half by range: neither gaps nor crowds decide alone.
    knots = np.unique(np.round(0.5 * (shares + even), 9))
    knots[0] -= 1e-6
    knots[-1] += 1e-6
    return np.asarray(knots)


def _size(knots: Reals) -> int:
    return 1 if knots.size == 0 else knots.size + _SPLINE_DEGREE - 1


def _basis(place: Reals, knots: Reals) -> Reals:
    flat = np.asarray(place, dtype=np.float64).reshape(-1)
    if knots.size == 0:
        return np.ones((*np.shape(place), 1))
    splines = _splines(knots.tobytes())
    inside = np.clip(flat, knots[0], knots[-1] - 1e-9)
    values = np.asarray(splines(inside), dtype=np.float64)
    # Beyond its ends a curve goes on straight: what lies at the end of what was
    # trained is neither pushed over it nor kept from it.
    outside = np.flatnonzero(np.abs(flat - inside) > 1e-6)
    if outside.size:
        step = _END_SHARE * (knots[-1] - knots[0]) * np.sign(inside - flat)[outside]
        within = splines(inside[outside] + step)
        slope = (within - values[outside]) / step[:, None]
        values[outside] += (flat - inside)[outside, None] * slope
    return np.asarray(values.reshape(*np.shape(place), -1))


@lru_cache(maxsize=64)
def _splines(knots: bytes) -> BSpline:
    """Return all splines on knots; kept, for making them takes longer than using."""
    inner = np.frombuffer(knots, dtype=np.float64)
    padded = np.pad(inner, _SPLINE_DEGREE, mode="edge")
    return BSpline(padded, np.eye(padded.size - _SPLINE_DEGREE - 1), _SPLINE_DEGREE)


def _bend(count: int) -> Reals:
    if count < 3:
        return np.zeros((count, count))
    second = np.diff(np.eye(count), 2, axis=0)
    return np.asarray(second.T @ second)
