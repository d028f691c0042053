"""Cable echoes, gated in the time domain and compared with those of the reference.

The phase of an echo against the same echo of the reference tells by how much the
cable between its two reflections has shrunk. In a transmission the echoes are those
of ln S, so gain and phase drifts are gone; in a reflection they are those of S itself,
each taken relative to the earliest one, to the same end.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import (
    Complexes,
    Flags,
    Reals,
    centred,
    complex_log,
    kaiser,
    mean_step,
    refined_step,
)
from models.coordinates.smooth import detrended

GATE_BINS = 5
"""Half width of a gate, in steps of the time axis."""

FLAT_BINS = 2.5
"""Half width of its flat top: an echo off its middle must not seem nearer to it."""

MOST_GATES = 6
"""Echoes that are followed in one trace."""

LEAST_COHERENCE = 0.98
"""Share of an echo that must move as one for its phase to mean something."""

_FIRST_LOG_BIN = 8
_TREND_ORDER = 3
_KAISER_BETA = 7.0
_LEAST_POWER = 30.0
_LEAST_SHARE = 1e-5
_APART_BINS = 5


@dataclass(frozen=True, slots=True, eq=False)
class EchoChange:
    """How echoes differ from those of the reference; each of shape (..., gate).

    Attributes
    ----------
    strength
        ln of the ratio of amplitudes.
    phase_rad
        Change of phase at the middle of the band, unwrapped by its delay.
    coherence
        1 where all of the echo moved alike.
    delay_steps
        Delay of the reference's echo, in steps of the time axis.
    """

    strength: Reals
    phase_rad: Reals
    coherence: Reals
    delay_steps: Reals


@dataclass(frozen=True, slots=True, eq=False)
class KnownEchoes:
    """Echoes of references, made ready for what is compared with them.

    Attributes
    ----------
    conjugate
        Their conjugates over the inner band, shape (..., gate, inner).
    power
        Their power there, shape (..., gate).
    delay_steps
        Their delays in steps of the time axis, shape (..., gate).
    """

    conjugate: Complexes
    power: Reals
    delay_steps: Reals

    @classmethod
    def of(cls, reference: Complexes, gates: tuple[int, ...]) -> Self:
        """Make gated signals ready, as from :func:`gated`."""
        count = reference.shape[-1]
        known = reference[..., _inner(count)]
        return cls(
            conjugate=known.conj(),
            power=(np.abs(known) ** 2).sum(axis=-1),
            delay_steps=_delays_of(known, gates, count),
        )

    def taken(self, rows: npt.NDArray[np.intp]) -> "KnownEchoes":
        """Return the echoes of some references, in the order asked for."""
        return KnownEchoes(
            self.conjugate[rows], self.power[rows], self.delay_steps[rows]
        )


def echo_signal(signal: Complexes, kept: Flags, *, logarithmic: bool) -> Complexes:
    """Return what the echoes are sought in, windowed, in the time domain."""
    return in_time(trend_free(signal, kept) if logarithmic else signal)


def trend_free(signal: Complexes, kept: Flags) -> Complexes:
    """Return the logarithm of a signal without its trend, shape (..., bin)."""
    return detrended(complex_log(signal, kept), _TREND_ORDER)


def in_time(signal: Complexes) -> Complexes:
    """Return a windowed signal in the time domain, shape (..., bin)."""
    window = kaiser(signal.shape[-1], _KAISER_BETA)
    return np.asarray(np.fft.ifft(signal * window, axis=-1))


def find_gates(echoes: Complexes, *, logarithmic: bool) -> tuple[int, ...]:
    """Find the echoes that stand out in many sweeps, by rising delay.

    Parameters
    ----------
    echoes
        As from :func:`echo_signal`, shape (sweep, bin).
    """
    power = np.median(np.abs(echoes) ** 2, axis=0)
    count = power.size
    floor = max(
        _LEAST_POWER * float(np.quantile(power, 0.3)),
        # Below lie the window's own side lobes of the strongest.
        _LEAST_SHARE * float(power.max()),
    )
    found: list[int] = []
    for index in np.argsort(-power):
        at = int(index)
        if power[at] < floor or len(found) == MOST_GATES:
            break
        if logarithmic and not _FIRST_LOG_BIN <= at < count // 2:
            continue
        if power[at] < max(power[at - 1], power[(at + 1) % count]):
            continue
        if all(_apart(at, other, count) >= _APART_BINS for other in found):
            found.append(at)
    return tuple(sorted(found, key=lambda at: _apart(at, 0, count)))


def gated(echoes: Complexes, gates: tuple[int, ...]) -> Complexes:
    """Return what lies inside of each gate, back over the band, (..., gate, bin)."""
    return in_gates(echoes[..., None, :], gates)


def in_gates(echoes: Complexes, gates: tuple[int, ...]) -> Complexes:
    """Return what lies inside of the gate of each, back over the band.

    Parameters
    ----------
    echoes
        As from :func:`in_time`, shape (..., gate, bin) or (..., 1, bin).
    """
    return np.asarray(np.fft.fft(echoes * _gates(echoes.shape[-1], gates), axis=-1))


def compare_echoes(
    own: Complexes, reference: KnownEchoes, turns_a_step: Reals | float
) -> EchoChange:
    """Compare gated signals, all at once.

    Parameters
    ----------
    own
        As from :func:`gated`, shape (..., gate, bin).
    reference
        Echoes in the same gates.
    turns_a_step
        Frequency of the middle of the band over the width of a bin, shape (gate,).
    """
    count = own.shape[-1]
    inner = _inner(count)
    across = own[..., inner] * reference.conjugate
    step = refined_step(across, _slope(across))
    total = (across * np.exp(-1j * step[..., None] * centred(count)[inner])).sum(-1)
    phase = np.angle(total)
    turns = np.round((step * turns_a_step - phase) / (2 * np.pi))
    size = np.abs(total)
    return EchoChange(
        strength=np.log(np.maximum(size / np.maximum(reference.power, 1e-30), 1e-6)),
        phase_rad=phase + 2 * np.pi * turns,
        coherence=size / np.maximum(np.abs(across).sum(axis=-1), 1e-30),
        delay_steps=reference.delay_steps,
    )


def _inner(count: int) -> slice:
    return slice(count // 16, count - count // 16)


def _delays_of(known: Complexes, gates: tuple[int, ...], count: int) -> Reals:
    """Return the delay of gated echoes in steps, from their phase slopes."""
    signed = tuple(gate if gate <= count // 2 else gate - count for gate in gates)
    still = known * _turning(count, known.shape[-1], signed)
    slope = refined_step(still, mean_step(still))
    return np.asarray(np.array(signed) - slope * count / (2 * np.pi))


def _slope(signal: Complexes) -> Reals:
    return np.asarray(
        np.angle((signal[..., 1:] * signal[..., :-1].conj()).sum(axis=-1))
    )


def _apart(one: int, other: int, count: int) -> int:
    apart = abs(one - other)
    return min(apart, count - apart)


@lru_cache(maxsize=64)
def _turning(count: int, inner: int, delays: tuple[int, ...]) -> Complexes:
    """Return what stops an echo of each delay in steps, shape (gate, inner)."""
    at = centred(inner)
    return np.asarray(np.exp(2j * np.pi * np.array(delays)[:, None] * at / count))


@lru_cache(maxsize=64)
def _gates(count: int, gates: tuple[int, ...]) -> Reals:
    """Return the shapes of gates, shape (gate, count)."""
    middle = np.array(gates)[:, None]
    away = np.abs((np.arange(count) - middle + count // 2) % count - count // 2)
    share = np.clip((away - FLAT_BINS) / (GATE_BINS - FLAT_BINS), 0.0, 1.0)
    return np.asarray(np.cos(0.5 * np.pi * share) ** 2)
