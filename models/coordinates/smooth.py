"""The smooth part of a log-ratio: gain, delay, and a few Legendre coefficients.

What passes through a receiver without being reflected changes slowly over the band:
loss, amplifiers, the pass band of a circulator. Reflections ripple and are left to the
echoes, so the random phases of connectors do not reach these coordinates: they are
fitted by generalised least squares, with the ripple's usual power by delay as the
covariance, where ordinary ones would let every echo leak in at the ends of the band.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.coordinates.signal import (
    Complexes,
    Flags,
    Reals,
    as_stored,
    bridge_masked,
    centred,
    kaiser,
    mean_step,
)

ORDER = 20
"""Highest Legendre order that is kept."""

GAIN_COUNT = 3
"""Level in neper, phase in rad at the middle, delay as phase over half the band."""

_FIRST_RIPPLE = 5
_STEPS_PER_BIN = 2
_KAISER_BETA = 7.0
_LARGEST_RIPPLE = 1e6
_ROUNDS = 2


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
    signal: Complexes,
    reference: Complexes,
    kept: Flags,
    turns_at_middle: float,
    ripple: Reals,
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
    ripple
        As from :func:`learn_ripple`; zeros for ordinary least squares.
    """
    step, offset, log_ratio = _log_ratio(signal, reference, kept)
    basis, inverse = _separator(kept.size, kept.tobytes(), ripple.tobytes())
    found = (log_ratio @ inverse.T).real
    of_level, of_phase = found[..., : ORDER + 1], found[..., ORDER + 1 :]
    rest = log_ratio - (of_level + 1j * of_phase) @ basis.T
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


def learn_ripple(signal: Complexes, reference: Complexes, kept: Flags) -> Reals:
    """Return the usual power of the ripple over that of the noise, by delay.

    Parameters
    ----------
    signal, reference
        Of many sweeps, shape (sweep, bin), the common delay removed.

    Returns
    -------
    ndarray
        From no delay to the longest that the bins resolve, shape (bin // 2 + 1,).
    """
    count = kept.size
    window = kaiser(count, _KAISER_BETA)
    ripple = no_ripple(count)
    _, _, log_ratio = _log_ratio(signal, reference, kept)
    for _ in range(_ROUNDS):
        basis, inverse = _separator(count, kept.tobytes(), ripple.tobytes())
        found = (log_ratio @ inverse.T).real
        smooth = found[:, : ORDER + 1] + 1j * found[:, ORDER + 1 :]
        rest = np.zeros((log_ratio.shape[0], count), dtype=np.complex128)
        rest[:, kept] = log_ratio - smooth @ basis.T
        in_time = np.fft.ifft(bridge_masked(rest, kept) * window, axis=-1)
        power = np.median(np.abs(in_time) ** 2, axis=0)
        # No reflection comes before the signal: the late half is noise.
        noise = max(float(np.median(power[count // 2 :])), 1e-30)
        ripple = power[: count // 2 + 1] / noise
        ripple = as_stored(np.clip(ripple, 0.0, _LARGEST_RIPPLE))
    return ripple


def no_ripple(bin_count: int) -> Reals:
    """Return the power of a ripple that is not there, shape (bin // 2 + 1,)."""
    return np.zeros(bin_count // 2 + 1)


def smooth_scatter(kept: Flags, ripple: Reals) -> Reals:
    """Return how ripple and noise scatter the coordinates of a smooth part.

    Parameters
    ----------
    kept
        Bins off every resonance, shape (bin,).
    ripple
        As from :func:`learn_ripple`.

    Returns
    -------
    ndarray
        Their covariance over the power of the noise (Aitken), in the order of
        :func:`smooth_names`, shape (2 ORDER + 2, 2 ORDER + 2).
    """
    terms, weighted = _weighted_terms(centred(kept.size)[kept], kept.size, ripple)
    found = np.linalg.pinv((weighted @ terms).real, hermitian=True)
    middle = ORDER + 1
    order = [0, middle, middle + 1, *range(1, middle), *range(middle + 2, 2 * middle)]
    return np.asarray(found[np.ix_(order, order)])


def _log_ratio(
    signal: Complexes, reference: Complexes, kept: Flags
) -> tuple[Reals, Reals, Complexes]:
    """Return phase step and offset of a ratio, and its logarithm without them."""
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
    return step, np.asarray(offset), np.asarray(level + 1j * phase)


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
def _separator(count: int, kept: bytes, ripple: bytes) -> tuple[Reals, Complexes]:
    """Return Legendre values in kept bins, (kept, ORDER + 1), and what finds them.

    The real part of the latter, (2 ORDER + 2, kept), times a complex log-ratio is the
    coefficients of level and phase with the least error where echoes ripple (Aitken).
    """
    at = centred(count)[np.frombuffer(kept, dtype=np.bool_)]
    basis, inverse = _with_inverse(at / (0.5 * (count - 1)), ORDER)
    power = np.frombuffer(ripple, dtype=np.float64)
    if not power[_FIRST_RIPPLE:].any():
        return basis, np.concatenate([inverse, -1j * inverse])
    terms, weighted = _weighted_terms(at, count, power)
    return basis, np.asarray(np.linalg.solve((weighted @ terms).real, weighted))


def _weighted_terms(at: Reals, count: int, power: Reals) -> tuple[Complexes, Complexes]:
    """Return the terms of level and phase, and these over the ripple's covariance."""
    basis = np.polynomial.legendre.legvander(at / (0.5 * (count - 1)), ORDER)
    delay = np.arange(_FIRST_RIPPLE, count // 2, 1.0 / _STEPS_PER_BIN)
    density = np.interp(delay, np.arange(power.size), power)
    echo = np.exp(-2j * np.pi * at[:, None] * delay / count)
    covariance = (echo * (density / (count * _STEPS_PER_BIN))) @ echo.conj().T
    covariance += np.eye(at.size)
    terms = np.concatenate([basis, 1j * basis], axis=1)
    return terms, np.linalg.solve(covariance, terms).conj().T


@lru_cache(maxsize=16)
def _plain_basis(count: int, order: int) -> tuple[Reals, Reals]:
    place = centred(count) / (0.5 * (count - 1))
    return _with_inverse(place, order)


def _with_inverse(place: Reals, order: int) -> tuple[Reals, Reals]:
    values = np.polynomial.legendre.legvander(place, order)
    basis = np.asarray(values, dtype=np.float64)
    return basis, np.asarray(np.linalg.pinv(basis), dtype=np.float64)
