"""The time-domain transform of a change, and its first echo."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import skrf

from models.twin.calibration_set import Reals, Samples

LINES_SEEN = {
    "S11": ("weak_line", False),
    "S33": ("bypass_line", False),
    "S22": ("room_output_line", True),
}
"""Line that a reflection looks into, and whether from its far end."""

_OUTPUT_LINES = (
    "strong_line",
    "junction_line",
    "cold_output_line",
    "upper_output_line",
    "room_output_line",
)
LINES_PASSED = {
    "S21": ("weak_line", *_OUTPUT_LINES),
    "S23": ("bypass_line", *_OUTPUT_LINES),
}
"""Lines that a transmission goes through."""

WINDOW = ("kaiser", 6.0)
"""Window of the transform: side lobes fall below -44 dB."""

FALSE_ALARM_SIGMA = 5.5
"""Height of a peak over the noise in time from which it counts."""

_FINE_FACTOR = 16
_FIRST_SHARE = 0.4
_LARGEST_SHARE = 0.3
_FEWEST_POINTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A trace and its reference on one axis.

    Attributes
    ----------
    trace
        S-parameter: S11, S22, S33, S21 or S23.
    frequency_hz
        Axis in Hz with equal steps, shape (point,).
    samples, reference
        Complex traces, shape (point,).
    sigma
        Noise of each quadrature of either, shape (point,).
    repeatability_ratio
        Change relative to the reference that a healthy line shows from sweep to sweep.
    """

    trace: str
    frequency_hz: Reals
    samples: Samples
    reference: Samples
    sigma: Reals
    repeatability_ratio: float = 5e-4

    def __post_init__(self) -> None:
        if self.trace not in LINES_SEEN | LINES_PASSED:
            raise ValueError(
                f"trace {self.trace} shows no line: give S11, S22, S33, S21 or S23"
            )
        if self.frequency_hz.size < _FEWEST_POINTS:
            raise ValueError("locating needs a sweep of at least 16 points")
        steps = np.diff(self.frequency_hz)
        if np.ptp(steps) > 1e-3 * float(np.mean(steps)):
            raise ValueError("locating needs an axis with equal steps: interpolate it")


def transformed(change: Change, *, is_reflection: bool) -> tuple[Reals, Reals, float]:
    """Return times in s, heights there, and the height that noise would hide."""
    if is_reflection:
        seen, spread = change.samples - change.reference, change.sigma * np.sqrt(2.0)
        level = np.abs(change.reference)
    else:
        seen, spread = _log_ratio(change)
        level = np.ones(seen.size)
    usable = np.isfinite(seen) & np.isfinite(spread)
    seen = np.where(usable, seen, 0.0)
    size = seen.size * _FINE_FACTOR
    network = _one_port(change.frequency_hz, seen)
    time_s, response = network.impulse_response(window=WINDOW, n=size, bandpass=True)
    flat = _one_port(change.frequency_hz, np.ones(seen.size))
    weights = np.abs(flat.windowed(WINDOW, normalize=False).s.ravel())
    unit = float(np.sum(weights)) / size
    spread = np.where(usable, spread, 0.0)
    noise = float(np.sqrt(np.sum(2.0 * (weights * spread) ** 2))) / float(weights.sum())
    hidden = change.repeatability_ratio * float(np.max(level))
    limit = FALSE_ALARM_SIGMA * float(np.hypot(noise, hidden / FALSE_ALARM_SIGMA))
    return np.asarray(time_s), np.abs(response) / unit, limit


def _one_port(frequency_hz: Reals, samples: Samples | Reals) -> Any:
    frequency = skrf.Frequency.from_f(frequency_hz, unit="hz")
    # made of arrays only: nothing foreign is read here
    return skrf.Network(frequency=frequency, s=samples.reshape(-1, 1, 1))  # noqa: TID251


def _log_ratio(change: Change) -> tuple[Samples, Reals]:
    """Return ln(new / reference) without its smooth part, and its noise.

    Points where noise is more than a third of the signal are left out.
    """
    sizes = np.abs(change.samples), np.abs(change.reference)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = change.sigma * np.hypot(1.0 / sizes[0], 1.0 / sizes[1])
        quotient = change.samples / change.reference
    good = np.isfinite(quotient) & (spread < _LARGEST_SHARE)
    if np.count_nonzero(good) < _FEWEST_POINTS:
        return np.full(good.size, np.nan + 0j), np.full(good.size, np.nan)
    ramp = np.linspace(-1.0, 1.0, good.size)[good]
    whole = np.log(np.abs(quotient[good])) + 1j * np.unwrap(np.angle(quotient[good]))
    basis = np.polynomial.legendre.legvander(ramp, 2)
    weights = 1.0 / np.hypot(spread[good], 0.01)[:, None]
    smooth, *_ = np.linalg.lstsq(basis * weights, whole * weights[:, 0], rcond=None)
    seen = np.zeros(good.size, dtype=np.complex128)
    seen[good] = whole - basis @ smooth
    return seen, np.where(good, spread, 0.0)


def first_peak(
    time_s: Reals, height: Reals, threshold: float, earliest_s: float
) -> tuple[float, float] | None:
    """Return time and height of the first peak that stands out; None without one."""
    is_late = time_s >= earliest_s
    is_peak = np.zeros(height.size, dtype=bool)
    is_peak[1:-1] = (height[1:-1] >= height[:-2]) & (height[1:-1] > height[2:])
    is_peak &= is_late & (height > threshold)
    if not is_peak.any():
        return None
    strong = is_peak & (height >= _FIRST_SHARE * float(height[is_peak].max()))
    index = int(np.flatnonzero(strong)[0])
    before, here, after = height[index - 1 : index + 2]
    bend = before - 2.0 * here + after
    offset = 0.5 * (before - after) / bend if bend else 0.0
    step_s = float(time_s[1] - time_s[0])
    return float(time_s[index] + offset * step_s), float(here)
