"""Courses of a quantity over time: straight pieces, slow waves, remembered turns."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.life.chance import uniforms

Floats = npt.NDArray[np.float64]

_WAVE_COUNT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Straight pieces between corners; before the first and after the last it rests.

    Attributes
    ----------
    time_s
        Times of the corners in s, rising.
    value
        The quantity there.
    """

    time_s: tuple[float, ...]
    value: tuple[float, ...]

    def at(self, time_s: Any) -> Floats:
        """Return the quantity at times in s."""
        return np.interp(np.asarray(time_s, np.float64), self.time_s, self.value)

    def remembered_at(self, time_s: Any, width: float) -> Floats:
        """Return what a play of this half width holds at times in s.

        Notes
        -----
        The play operator follows the quantity at a distance; between two corners the
        quantity is monotone, so that the state at the corner before decides.
        """
        held = 0.0
        states = []
        for value in self.value:
            held = min(max(held, value - width), value + width)
            states.append(held)
        moments_s = np.asarray(time_s, np.float64)
        before = np.searchsorted(self.time_s, moments_s, side="right") - 1
        start = np.where(before >= 0, np.asarray(states)[np.maximum(before, 0)], 0.0)
        now = self.at(moments_s)
        followed = np.clip(start, now - width, now + width)
        return np.where(before >= 0, followed, np.clip(0.0, now - width, now + width))


def resting(value: float) -> Course:
    """Return a course that never changes."""
    return Course(time_s=(0.0,), value=(value,))


def slow_waves(
    seed: int, topic: str, time_s: Any, *, shortest_s: float, longest_s: float
) -> Floats:
    """Return a slow wander of unit variance at times in s: a sum of sines.

    Parameters
    ----------
    shortest_s, longest_s
        Range of the sines' periods in s.
    """
    number = np.arange(_WAVE_COUNT)
    ratio = (number + uniforms(seed, f"{topic}/period", number)) / _WAVE_COUNT
    period_s = shortest_s * (longest_s / shortest_s) ** ratio
    turn = 2.0 * math.pi * uniforms(seed, f"{topic}/phase", number)
    phase = np.multiply.outer(np.asarray(time_s, np.float64), 2.0 * math.pi / period_s)
    return np.asarray(math.sqrt(2.0 / _WAVE_COUNT) * np.sin(phase + turn).sum(axis=-1))
