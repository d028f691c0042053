"""The resonance fit: typed states, numbers with uncertainties, never a silent zero."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.diagnosis import ResonanceEstimate, ResonanceKind, ResonanceState
from models.fitting.bootstrap import confirmed
from models.fitting.faults import (
    LARGEST_MASKED_FRACTION,
    find_fault,
    outliers,
    sound_points,
    too_many,
)
from models.fitting.finding import Finding, explain
from models.fitting.judgement import (
    SIGNIFICANCE,
    Asked,
    judge,
    misses,
    no_estimate,
    significance,
)
from models.fitting.lineshape import Complexes, LineShape, Reals
from models.fitting.refine import RefinedLine, refine
from models.fitting.search import find_candidate, phase_slope, without_background
from models.fitting.seed import seed
from models.fitting.selection import Request, select_shape
from models.fitting.window import Window, thinned, window_of

MIN_POINT_COUNT = 16
"""Fewer points leave nothing to judge a fit by."""

_CLOSE_WIDTHS = 6.0
_LEAST_CLOSE_COUNT = 64


def fit_resonance(
    frequency_hz: npt.NDArray[np.float64],
    trace: npt.NDArray[np.complexfloating],
    kind: ResonanceKind | None = None,
    *,
    name: str | None = None,
    shape: LineShape | None = None,
    line_delay_s: float = 0.0,
    through_magnitude: float | None = None,
    bootstrap_count: int = 0,
) -> ResonanceEstimate:
    """Fit the one resonance of a narrow trace.

    A driven line and a second mode are looked for only where the residuals of a
    Lorentzian call for them and no shape was asked for.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,), rising.
    trace
        Complex S-parameter, shape (point,).
    kind
        Line shape; found from the trace and its name where None.
    name
        Trace name, kept in the answer.
    shape
        What surrounds the line; where None the simplest shape that no richer one
        beats by strong evidence (Bayesian information criterion above 6).
    line_delay_s
        Known delay of a line in s, taken off before the fit.
    through_magnitude
        |S21| of a through in place of the resonator; gives the unloaded Q of a
        transmission.
    bootstrap_count
        Uncertainties from so many refits of resampled residuals; 0 takes them from
        the covariance.

    Returns
    -------
    ResonanceEstimate
        With a state and, unless it is ``ok``, a sentence on why. Numbers are given
        for ``ok``, ``edge`` and ``ambiguous``, and for a line that is folded.
    """
    samples = np.asarray(trace, dtype=np.complex128)
    axis = np.asarray(frequency_hz, dtype=np.float64)
    if samples.size < MIN_POINT_COUNT:
        return no_estimate(
            ResonanceState.BAD_SHAPE,
            kind,
            name,
            f"{samples.size} points are too few for a fit, it takes {MIN_POINT_COUNT}",
        )
    sound = sound_points(samples)
    masked = int(sound.size - sound.sum())
    if masked and (fault := too_many(sound)) is None:
        axis, samples = axis[sound], samples[sound]
    elif masked:
        return no_estimate(ResonanceState.INSTRUMENT_FAULT, kind, name, fault or "")
    if (fault := find_fault(samples)) is not None:
        return no_estimate(ResonanceState.INSTRUMENT_FAULT, kind, name, fault)
    if line_delay_s:
        samples = samples * np.exp(2j * np.pi * line_delay_s * axis)
    request = Request(kind, name, shape)
    # The level is of no matter to the shape; a unit level keeps the sums well scaled.
    level = float(np.sqrt(np.mean(np.abs(samples) ** 2)))
    fitted = _fit(axis, samples / level, request)
    if fitted is not None and (stray := _stray(fitted)).any():
        kept = ~np.isin(axis, fitted.window.frequency_hz[stray])
        axis, samples, masked = axis[kept], samples[kept], masked + int(stray.sum())
        fitted = _fit(axis, samples / level, request)
    if fitted is None:
        return no_estimate(
            ResonanceState.NO_RESONANCE,
            kind,
            name,
            "no line stands out of the noise and the smooth background",
        )
    finding = explain(fitted.window, fitted.refined, richer=shape is None)
    if shape is None and misses(finding):
        fitted, finding = _closer(axis, samples / level, fitted, finding, request)
    window = fitted.window
    asked = Asked(
        kind=fitted.kind,
        name=name,
        level_factor=level,
        through_ratio=None if through_magnitude is None else through_magnitude / level,
        line_delay_s=line_delay_s,
        masked_point_count=masked,
    )
    if bootstrap_count:
        finding = confirmed(window, finding, bootstrap_count)
    return judge(window, finding, asked)


@dataclass(frozen=True, slots=True)
class _Fitted:
    window: Window
    refined: RefinedLine
    kind: ResonanceKind


def _fit(axis: Reals, samples: Complexes, request: Request) -> _Fitted | None:
    window = window_of(axis, samples)
    phase = phase_slope(window.offset, window.trace)
    flat = without_background(window.offset, window.trace, phase)
    start = find_candidate(window.offset, flat)
    if significance(start, flat) < SIGNIFICANCE:
        return None
    window = thinned(window, start.half_width)
    centre, width = _seed(window, start.centre, start.half_width, phase)
    rough, kind = select_shape(window, (centre, width, phase), request)
    refined = refine(window.offset, window.trace, rough.line)
    return _Fitted(window, refined, kind)


def _closer(
    axis: Reals, samples: Complexes, first: _Fitted, finding: Finding, request: Request
) -> tuple[_Fitted, Finding]:
    """Fit a line with less of what surrounds it, where that bends past any shape."""
    line, window = finding.refined.line, first.window
    reach_hz = _CLOSE_WIDTHS * line.half_width * window.half_span_hz
    near = np.abs(axis - window.frequency(line.centre)) < reach_hz
    if near.all() or near.sum() < _LEAST_CLOSE_COUNT:
        return first, finding
    fitted = _fit(axis[near], samples[near], request)
    if fitted is None:
        return first, finding
    found = explain(fitted.window, fitted.refined)
    return (first, finding) if misses(found) else (fitted, found)


def _stray(fitted: _Fitted) -> npt.NDArray[np.bool_]:
    """Tell glitches that only a fit shows; averaged points are not gone after."""
    stray = outliers(fitted.refined.residual)
    if (
        stray.sum() > LARGEST_MASKED_FRACTION * stray.size
        or fitted.window.block_count > 1
    ):
        return np.zeros_like(stray)
    return stray


def _seed(
    window: Window, centre: float, half_width: float, phase: float
) -> tuple[float, float]:
    turned = window.trace * np.exp(-1j * phase * window.offset)
    guess = centre, half_width
    return seed(window.offset, turned, *guess) or guess
