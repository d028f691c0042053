"""The field that explains a sweep best at each temperature, by Newton's method.

What is left of a sweep is a polynomial of the field at each place of the temperature
axis. Polynomials stand with their coefficients along the first axis, rising: a lone
sweep waits for calls, not for numbers, so all places go through each call together.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.coordinates.signal import Reals

_TRIED_COUNT = 31
_NEWTON_STEPS = 8
_LONGEST_STEP = 0.1
_MARGIN_SHARE = 0.05
_SETTLED = 1e-7
"""A step of this size leaves its square: the next one would be rounding."""


def evaluate(polynomial: Reals, at: Reals) -> Reals:
    """Return the values of polynomials, (coefficient, ...) at (...)."""
    value = np.zeros(polynomial.shape[1:])
    value += polynomial[-1]
    for coefficient in polynomial[-2::-1]:
        value *= at
        value += coefficient
    return value


def derived(polynomial: Reals) -> Reals:
    """Return the derivatives of polynomials, one coefficient less."""
    if polynomial.shape[0] == 1:
        return np.zeros_like(polynomial)
    order = np.arange(1, polynomial.shape[0])
    return np.asarray(polynomial[1:] * order.reshape(-1, *[1] * (polynomial.ndim - 1)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldSearch:
    """Looks for the least value of polynomials of the field over its scale.

    Attributes
    ----------
    tried
        Fields that are tried first, shape (field,).
    powers
        Their powers, shape (coefficient, field).
    low, high
        Least and largest field that is found.
    """

    tried: Reals
    powers: Reals
    low: float
    high: float

    @classmethod
    def over(
        cls, range_tesla: tuple[float, float], scale_tesla: float, order: int
    ) -> Self:
        """Look over a range of fields.

        Parameters
        ----------
        order
            Of the polynomials.
        """
        low, high = range_tesla
        tried = np.linspace(low, high, _TRIED_COUNT) / scale_tesla
        margin = _MARGIN_SHARE * (high - low) / scale_tesla
        return cls(
            tried=tried,
            powers=tried[None, :] ** np.arange(order + 1)[:, None],
            low=low / scale_tesla - margin,
            high=high / scale_tesla + margin,
        )

    def least(self, polynomial: Reals) -> Reals:
        """Return where polynomials are least, (coefficient, sweep, place) to the rest.

        The best of the fields that are tried, then at most a few steps to the minimum.
        """
        by_place = np.ascontiguousarray(polynomial.transpose(1, 2, 0))
        found = self.tried[(by_place @ self.powers).argmin(axis=-1)]
        first = derived(polynomial)
        # Both derivatives in one pass.
        both = np.zeros((first.shape[0], 2, *found.shape))
        both[:, 0] = first
        both[:-1, 1] = derived(first)
        for _ in range(_NEWTON_STEPS):
            slope, bend = evaluate(both, found)
            step = slope / np.maximum(bend, 1e-9)
            step = np.minimum(np.maximum(step, -_LONGEST_STEP), _LONGEST_STEP)
            moved = np.minimum(np.maximum(found - step, self.low), self.high)
            is_settled = bool(np.abs(moved - found).max() < _SETTLED)
            found = moved
            if is_settled:
                break
        return np.asarray(found)
