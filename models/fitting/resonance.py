"""The resonance fit: typed states, numbers with uncertainties, never a silent zero."""

import math

import numpy as np
import numpy.typing as npt

from models.diagnosis import ResonanceEstimate, ResonanceKind, ResonanceState
from models.fitting.coupling import circle_diameter
from models.fitting.faults import find_fault
from models.fitting.judgement import SIGNIFICANCE, judge, no_estimate, significance
from models.fitting.lineshape import LineShape, angular_weights
from models.fitting.refine import ROUGHLY_SETTLED, RefinedLine, line_of, refine
from models.fitting.search import (
    find_candidate,
    phase_slope,
    seed_with_qfactor,
    without_background,
)
from models.fitting.window import Window, thinned, window_of

MIN_POINT_COUNT = 16
"""Fewer points leave nothing to judge a fit by."""

_STRONG_EVIDENCE = 10.0
_SHAPES = {
    ResonanceKind.TRANSMISSION: (
        LineShape.PLAIN,
        LineShape.LEAKAGE,
        LineShape.LINE_AND_LEAKAGE,
    ),
    ResonanceKind.REFLECTION: (
        LineShape.PLAIN,
        LineShape.LINE,
        LineShape.LINE_AND_LEAKAGE,
    ),
    ResonanceKind.NOTCH: (LineShape.PLAIN, LineShape.LINE, LineShape.LINE_AND_LEAKAGE),
}


def fit_resonance(
    frequency_hz: npt.NDArray[np.float64],
    trace: npt.NDArray[np.complexfloating],
    kind: ResonanceKind | None = None,
    *,
    name: str | None = None,
    shape: LineShape | None = None,
    line_delay_s: float = 0.0,
    through_magnitude: float | None = None,
) -> ResonanceEstimate:
    """Fit the one resonance of a narrow trace.

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
        beats by strong evidence (Bayesian information criterion above 10).
    line_delay_s
        Known delay of a line in s, taken off before the fit.
    through_magnitude
        |S21| of a through in place of the resonator; gives the unloaded Q of a
        transmission.

    Returns
    -------
    ResonanceEstimate
        With a state and, unless it is ``ok``, a sentence on why. Numbers are given
        for ``ok``, ``edge`` and ``ambiguous``.
    """
    samples = np.asarray(trace, dtype=np.complex128)
    if samples.size < MIN_POINT_COUNT:
        return no_estimate(
            ResonanceState.BAD_SHAPE,
            kind,
            name,
            f"{samples.size} points are too few for a fit, it takes {MIN_POINT_COUNT}",
        )
    if (fault := find_fault(samples)) is not None:
        return no_estimate(ResonanceState.INSTRUMENT_FAULT, kind, name, fault)
    axis = np.asarray(frequency_hz, dtype=np.float64)
    if line_delay_s:
        samples = samples * np.exp(2j * np.pi * line_delay_s * axis)
    # The level is of no matter to the shape; a unit level keeps the sums well scaled.
    level = float(np.sqrt(np.mean(np.abs(samples) ** 2)))
    window = window_of(axis, samples / level)
    phase = phase_slope(window.offset, window.trace)
    flat = without_background(window.offset, window.trace, phase)
    start = find_candidate(window.offset, flat)
    if significance(start, flat) < SIGNIFICANCE:
        return no_estimate(
            ResonanceState.NO_RESONANCE,
            kind,
            name,
            "no line stands out of the noise and the smooth background",
        )
    window = thinned(window, start.half_width)
    centre, width = _seed(window, start.centre, start.half_width, phase)
    rough, found = _select(window, (centre, width, phase), kind, name, shape)
    refined = refine(window.offset, window.trace, rough.line)
    through = None if through_magnitude is None else through_magnitude / level
    return judge(
        window,
        refined,
        kind=found,
        name=name,
        level=level,
        through_magnitude=through,
    )


def _seed(
    window: Window, centre: float, half_width: float, phase: float
) -> tuple[float, float]:
    seed = seed_with_qfactor(
        window.frequency_hz,
        window.trace * np.exp(-1j * phase * window.offset),
        window.frequency(centre),
        window.loaded_q(centre, half_width),
    )
    if seed is None:
        return centre, half_width
    f0, q = seed
    offset = (f0 - window.centre_hz) / window.half_span_hz
    return offset, f0 / (2.0 * q * window.half_span_hz)


def _select(
    window: Window,
    start: tuple[float, float, float],
    kind: ResonanceKind | None,
    name: str | None,
    shape: LineShape | None,
) -> tuple[RefinedLine, ResonanceKind]:
    first = _refine_as(window, start, shape or LineShape.PLAIN)
    found = kind or _kind_of(first, name)
    if shape is not None:
        return first, found
    best = first
    for richer in _SHAPES[found][1:]:
        if best.is_white:
            break
        refined = _refine_as(window, _near(best, start), richer)
        if _evidence(window, best, refined) > _STRONG_EVIDENCE:
            best = refined
    return best, kind or _kind_of(best, name)


def _near(
    refined: RefinedLine, start: tuple[float, float, float]
) -> tuple[float, float, float]:
    line = refined.line
    settled = abs(line.centre - start[0]) < start[1] and line.half_width < 3 * start[1]
    return (line.centre, line.half_width, start[2]) if settled else start


def _refine_as(
    window: Window, start: tuple[float, float, float], shape: LineShape
) -> RefinedLine:
    centre, width, phase = start
    phases = (0.0, phase) if shape.has_line and abs(phase) > 0.3 else (0.0,)
    tries = [
        refine(
            window.offset,
            window.trace,
            line_of(shape, centre, width, turn),
            ROUGHLY_SETTLED,
        )
        for turn in phases
    ]
    return min(tries, key=lambda tried: float(np.linalg.norm(tried.residual)))


def _evidence(window: Window, simple: RefinedLine, rich: RefinedLine) -> float:
    # One set of weights for both, or a line that ran away would weigh nothing.
    line = simple.line
    weights = angular_weights(window.offset, line.centre, line.half_width)
    floor = 1e-20 * weights.sum()
    errors = [
        float((weights * np.abs(fitted.residual) ** 2).sum()) + floor
        for fitted in (simple, rich)
    ]
    count = simple.independent_count
    extra = rich.line.shape.coefficient_count - line.shape.coefficient_count
    return count * math.log(errors[0] / errors[1]) - extra * math.log(max(count, 2.0))


def _kind_of(refined: RefinedLine, name: str | None) -> ResonanceKind:
    off, on = refined.line.amplitudes[:2]
    # A passive resonator seen in reflection never rises above its surroundings.
    if abs(off + on) > 1.1 * abs(off):
        return ResonanceKind.TRANSMISSION
    reflects = name is not None and (name[1] == name[2] or name.endswith(":reflection"))
    if reflects or circle_diameter(refined.line) > 1.05:
        return ResonanceKind.REFLECTION
    return ResonanceKind.NOTCH
