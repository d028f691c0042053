"""What a fingerprint sees of a wide sweep: the path behind the common line.

Line and switch echo before and after the part that is to be named. In the time domain
the known state's strongest echo says where that part begins; a gate around it keeps
what comes with it, and the ratio to the known state takes the common line off.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import fft, ifft, next_fast_len

Reals = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]
Flags = npt.NDArray[np.bool_]

BAND_COUNT = 16
"""Bands that are compared one by one."""

BIN_COUNT = 512
"""Bins of a sweep, all bands together."""

_MOST_POINTS = 8192
_BEFORE_RESOLUTIONS = 10.0
_EDGE_RESOLUTIONS = 6.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WideSweep:
    """One sweep.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,), rising.
    traces
        Complex S-parameters by name, each of shape (point,).
    """

    frequency_hz: Reals
    traces: Mapping[str, npt.NDArray[np.complexfloating]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Echo:
    """A trace with the delay of a known state's strongest echo taken off.

    Attributes
    ----------
    frequency_hz
        Even axis in Hz, shape (point,).
    values
        Shape (point,).
    delay_s
        What was taken off.
    """

    frequency_hz: Reals
    values: Complexes
    delay_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The band that is looked at, and the gate.

    Attributes
    ----------
    low_hz, high_hz
        Ends of the band.
    gate_resolutions
        How long the gate stays open after the strongest echo, in units of one over the
        band; 0 where nothing is gated.
    """

    low_hz: float
    high_hz: float
    gate_resolutions: float

    @property
    def centres_hz(self) -> Reals:
        """Centres of the bins, shape (bin,)."""
        edges = np.linspace(self.low_hz, self.high_hz, BIN_COUNT + 1)
        return np.asarray(0.5 * (edges[1:] + edges[:-1]))

    @property
    def band_hz(self) -> Reals:
        """Centres of the bands, shape (band,)."""
        return np.asarray(self.centres_hz.reshape(BAND_COUNT, -1).mean(axis=1))

    def binned(self, echo: Echo) -> tuple[Complexes, Flags]:
        """Gate and average to the bins; also tell which bins the axis covers."""
        axis, values = echo.frequency_hz, self._gated(echo)
        centres = self.centres_hz
        step = float(axis[1] - axis[0])
        width = (self.high_hz - self.low_hz) / BIN_COUNT
        beyond = min(step, width)
        covered = (centres >= axis[0] - beyond) & (centres <= axis[-1] + beyond)
        if width < 2.0 * step:
            return _interpolated(centres, axis, values), covered
        total: Complexes = np.concatenate([[0.0j], np.cumsum(values)])
        edges = np.concatenate([centres - 0.5 * width, [self.high_hz]])
        at = np.searchsorted(axis, edges)
        count = np.maximum(np.diff(at), 1)
        mean: Complexes = np.diff(total[at]) / count
        return mean, covered & (np.diff(at) > 0)

    def _gated(self, echo: Echo) -> Complexes:
        if not self.gate_resolutions:
            return echo.values
        count = echo.values.size
        size = next_fast_len(count + count // 4)
        step = float(echo.frequency_hz[1] - echo.frequency_hz[0])
        time = np.fft.fftfreq(size) / step * (self.high_hz - self.low_hz)
        rising = _smooth_step((time + _BEFORE_RESOLUTIONS) / _EDGE_RESOLUTIONS)
        falling = _smooth_step((self.gate_resolutions - time) / _EDGE_RESOLUTIONS)
        gated = fft(ifft(echo.values, size) * rising * falling)
        return np.asarray(gated[:count])


def strongest_delay_s(
    frequency_hz: Reals, trace: npt.NDArray[np.complexfloating]
) -> float:
    """Return the delay of the strongest echo in s, to a quarter of the resolution."""
    count = trace.size
    size = next_fast_len(4 * count)
    heights = np.abs(ifft(trace * np.kaiser(count, 4.0), size))
    step = (frequency_hz[-1] - frequency_hz[0]) / (count - 1)
    return float(np.argmax(heights) / (size * step))


def echo_of(
    frequency_hz: Reals, trace: npt.NDArray[np.complexfloating], delay_s: float
) -> Echo:
    """Take a delay off and bring the trace to an even axis of bounded length."""
    axis = np.asarray(frequency_hz, dtype=np.float64)
    values = np.asarray(trace, dtype=np.complex128)
    values = values * np.exp(2j * np.pi * delay_s * axis)
    steps = np.diff(axis)
    is_even = np.ptp(steps) < 1e-3 * steps.mean()
    if not is_even or axis.size > _MOST_POINTS:
        block = -(-axis.size // _MOST_POINTS)
        kept = axis.size // block * block
        values = values[:kept].reshape(-1, block).mean(axis=1)
        axis = axis[:kept].reshape(-1, block).mean(axis=1)
        even = np.linspace(axis[0], axis[-1], axis.size)
        axis, values = even, _interpolated(even, axis, values)
    return Echo(frequency_hz=axis, values=values, delay_s=delay_s)


def _interpolated(places: Reals, axis: Reals, values: Complexes) -> Complexes:
    real = np.interp(places, axis, values.real)
    return real + 1j * np.interp(places, axis, values.imag)


def _smooth_step(place: npt.NDArray[np.floating]) -> Reals:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(place, 0.0, 1.0)))
