"""The noise of a trace along its axis, told apart from what the trace itself does.

A vector network analyzer's noise grows with the signal and towards the ends of its
band, by a factor of ten along one axis; one number for a whole trace rounds where it is
low at several times of it. And what a receiver does from point to point looks like
noise to whoever has one sweep only: in the next sweep of the same state it is there
again, and the difference of the two holds noise alone.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from instruments.measurement import TraceArray
from service.storage.predicting import Floats, without_turn

KNOT_POINTS = 128
"""Points from one number of the floor to the next; between, it is a straight line."""

_ORDERS = range(2, 8)
_ORDER_ALONG = 5
_SHIFTS = (0.0, math.tau / 3.0, -math.tau / 3.0)
_MOST_COLOUR = 1.35
_MEDIAN_TO_SIGMA = 1.4826
_ALIKE = (0.8, 1.25)
_CODES_PER_OCTAVE = 4
_MOST_CODE = 63
_QUARTERS = np.array([1.0, 0.8408964152537145, 0.7071067811865476, 0.5946035575013605])

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """Noise per quadrature.

    Attributes
    ----------
    sigma
        Where it is highest, in units of the trace.
    codes
        Quarters of an octave below that at every :data:`KNOT_POINTS`-th point, shape
        (knot,); empty where it is the same everywhere.
    """

    sigma: float
    codes: Codes

    def along(self, point_count: int) -> Floats:
        """Return the floor at each point, shape (point,); every machine the same."""
        if not self.codes.size:
            return np.full(point_count, self.sigma)
        octaves, quarters = np.divmod(self.codes, _CODES_PER_OCTAVE)
        knots = np.ldexp(self.sigma * _QUARTERS[quarters], -octaves.astype(np.int32))
        at = np.arange(point_count)
        left, past = at // KNOT_POINTS, at % KNOT_POINTS
        rise = knots[left + 1] - knots[left]
        return np.asarray(knots[left] + rise * (past / KNOT_POINTS))


def knot_count(point_count: int) -> int:
    """Return how many numbers tell a floor that is not the same everywhere."""
    return (point_count - 1) // KNOT_POINTS + 2


def noise_sigma(trace: TraceArray) -> float:
    """Estimate the noise of a trace, per quadrature.

    Differences along the axis take away what is smooth and leave the noise, times the
    root of the sum of their squared coefficients; higher orders take away more. So does
    the mean turn from point to point, which long lines make and which is taken out
    before. The least of the estimates has the least of the trace itself in it.

    Parameters
    ----------
    trace
        Samples, shape (point,).

    Returns
    -------
    float
        Standard deviation in units of the trace; 0 where there is none, or too few
        points to tell.
    """
    if trace.size <= 2 * _ORDERS.stop:
        return 0.0
    plain = np.stack([trace.real, trace.imag]).astype(np.float64)
    return min(_least_sigma(plain), _least_sigma(without_turn(trace)))


def noise_floor(
    trace: TraceArray, other: TraceArray | None, share: float
) -> NoiseFloor:
    """Estimate the noise of a trace along its axis.

    It is called higher than half of the axis has it only where the difference of two
    sweeps is white: what moved between them at some frequencies is no noise.

    Parameters
    ----------
    trace
        Samples, shape (point,).
    other
        The same trace of another sweep in which the receiver may have done the same.
    share
        Variance of the difference of the two over that of one.
    """
    sigma = noise_sigma(trace)
    if sigma <= 0.0:
        return NoiseFloor(sigma, np.zeros(0, np.uint8))
    along = _along(trace).min(axis=0)
    most = np.full(along.size, sigma)
    if other is not None:
        difference = (trace.astype(np.complex128) - other) / math.sqrt(share)
        both = noise_sigma(difference)
        # Two sweeps that are the same to the last bit tell nothing of their noise.
        if both > 0.0:
            shifted = _along(difference)
            least = shifted.min(axis=0)
            is_white = shifted.max(axis=0) < _MOST_COLOUR * least
            sigma = min(sigma, both)
            most = np.where(is_white & (least < along), np.inf, sigma)
            along = np.minimum(along, least)
    low, high = _ALIKE
    if np.all((along > low * sigma) & (np.minimum(along, most) < high * sigma)):
        return NoiseFloor(sigma, np.zeros(0, np.uint8))
    return _coded(np.minimum(along, most))


def _coded(along: Floats) -> NoiseFloor:
    highest = float(along.max())
    with np.errstate(divide="ignore"):
        below = np.ceil(_CODES_PER_OCTAVE * np.log2(highest / along))
    return NoiseFloor(highest, np.clip(below, 0, _MOST_CODE).astype(np.uint8))


def _along(trace: npt.NDArray[np.complexfloating]) -> Floats:
    """Estimate the noise around each knot, shape (shift, knot).

    White noise is the same however it is shifted in delay; what a receiver does is not.
    """
    width = min(2 * KNOT_POINTS, trace.size) - _ORDER_ALONG
    knots = KNOT_POINTS * np.arange(knot_count(trace.size))
    starts = np.clip(knots - KNOT_POINTS, 0, trace.size - _ORDER_ALONG - width)
    found = []
    for shift in _SHIFTS:
        differences = np.diff(trace * _spiral(shift, trace.size), _ORDER_ALONG)
        parts = np.abs(np.stack([differences.real, differences.imag], axis=1))
        windows = sliding_window_view(parts, width, axis=0)[starts]
        found.append(_medians(windows.reshape(knots.size, 2 * width)))
    gain = math.sqrt(math.comb(2 * _ORDER_ALONG, _ORDER_ALONG))
    return _MEDIAN_TO_SIGMA / gain * np.array(found)


@lru_cache(maxsize=32)
def _spiral(shift: float, count: int) -> npt.NDArray[np.complex128]:
    return np.asarray(np.exp(1j * shift * np.arange(count)))


def _least_sigma(parts: Floats) -> float:
    """Return the least estimate of all orders of differences."""
    estimates = []
    for order in range(1, _ORDERS.stop):
        parts = parts[:, 1:] - parts[:, :-1]
        if order in _ORDERS:
            gain = math.sqrt(math.comb(2 * order, order))
            estimates.append(float(_medians(np.abs(parts).ravel())) / gain)
    return _MEDIAN_TO_SIGMA * min(estimates)


def _medians(values: Floats) -> Floats:
    """Return medians along the last axis, the higher of two."""
    middle = values.shape[-1] // 2
    return np.asarray(np.partition(values, middle, axis=-1)[..., middle])
