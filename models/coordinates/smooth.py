"""The smooth part of a log-ratio: gain, delay, and a few Legendre coefficients.

What passes through a receiver without being reflected changes slowly over the band:
loss, amplifiers, the pass band of a circulator. Reflections ripple and are left to the
echoes, so the random phases of connectors do not reach these coordinates.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.coordinates.signal import Complexes, Flags, Reals, centred, mean_step

ORDER = 14
"""Highest Legendre order that is kept."""

GAIN_COUNT = 3
"""Level in neper, phase in rad at the middle, delay as phase over half the band."""


@dataclass(frozen=True, slots=True, eq=False)
class SmoothPart:
    """Coordinates of a log-ratio, and what they leave.

    Attributes
    ----------
    values
        Level, phase, delay, then the orders from 1 of the level and from 2 of the
        phase, shape (..., 2 ORDER + 2).
    rest
        What remains in the kept bins, shape (..., kept); complex neper.
    """

    values: Reals
    rest: Complexes


def smooth_names() -> tuple[str, ...]:
    """Return a name for each coordinate."""
    return (
        "level",
        "phase_rad",
        "delay",
        *(f"level_{order}" for order in range(1, ORDER + 1)),
        *(f"phase_{order}" for order in range(2, ORDER + 1)),
    )


def smooth_part(
    signal: Complexes, reference: Complexes, kept: Flags, turns_at_middle: float
) -> SmoothPart:
    """Split the log-ratio of a signal to its reference.

    Parameters
    ----------
    signal, reference
        Shape (..., bin), the common delay removed.
    kept
        Bins off every resonance, shape (bin,).
    turns_at_middle
        Middle of the band over half its width: the phase at the middle that belongs
        to a pure delay of one rad over half the band.
    """
    bins = np.flatnonzero(kept)
    ratio = (signal * reference.conj())[..., bins]
    power = np.maximum(np.abs(reference[..., bins]) ** 2, 1e-30)
    ratio = ratio / power
    unit = ratio / np.maximum(np.abs(ratio), 1e-12)
    at = centred(kept.size)[bins]
    whole = np.ones(bins.size, dtype=np.bool_)
    whole[1:] = np.diff(bins) == 1
    step = mean_step_of(unit, whole)
    still = unit * np.exp(-1j * step[..., None] * at)
    offset = np.angle(still.sum(axis=-1))
    phase = np.angle(still * np.exp(-1j * offset)[..., None])
    level = np.log(np.maximum(np.abs(ratio), 1e-6))
    basis, inverse = _basis(kept.size, kept.tobytes())
    of_level = level @ inverse.T
    of_phase = phase @ inverse.T
    rest = (level - of_level @ basis.T) + 1j * (phase - of_phase @ basis.T)
    half = 0.5 * (kept.size - 1)
    delay = step * half + of_phase[..., 1]
    middle = offset + of_phase[..., 0]
    # A whole number of turns is free: the nearest to a pure delay is taken.
    middle = middle - 2 * np.pi * np.round(
        (middle - delay * turns_at_middle) / (2 * np.pi)
    )
    values = np.concatenate(
        [
            of_level[..., :1],
            middle[..., None],
            delay[..., None],
            of_level[..., 1:],
            of_phase[..., 2:],
        ],
        axis=-1,
    )
    return SmoothPart(values, rest)


def mean_step_of(unit: Complexes, adjacent: Flags) -> Reals:
    """Return the phase step of phasors in bins, some of which are not neighbours."""
    if adjacent.all():
        return mean_step(unit)
    turns = (unit[..., 1:] * unit[..., :-1].conj())[..., adjacent[1:]]
    return np.asarray(np.angle(turns.sum(axis=-1)))


def detrended(log_signal: Complexes, order: int) -> Complexes:
    """Take a polynomial off a complex logarithm, shape (..., bin)."""
    basis, inverse = _plain_basis(log_signal.shape[-1], order)
    return np.asarray(log_signal - (log_signal @ inverse.T) @ basis.T)


@lru_cache(maxsize=64)
def _basis(count: int, kept: bytes) -> tuple[Reals, Reals]:
    """Return Legendre values in kept bins, (kept, ORDER + 1), and their inverse."""
    mask = np.frombuffer(kept, dtype=np.bool_)
    place = centred(count)[mask] / (0.5 * (count - 1))
    return _with_inverse(place, ORDER)


@lru_cache(maxsize=16)
def _plain_basis(count: int, order: int) -> tuple[Reals, Reals]:
    place = centred(count) / (0.5 * (count - 1))
    return _with_inverse(place, order)


def _with_inverse(place: Reals, order: int) -> tuple[Reals, Reals]:
    values = np.polynomial.legendre.legvander(place, order)
    basis = np.asarray(values, dtype=np.float64)
    return basis, np.asarray(np.linalg.pinv(basis), dtype=np.float64)
