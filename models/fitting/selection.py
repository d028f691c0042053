"""Which shape a trace calls for: the simplest that no richer one beats."""

import math
from dataclasses import dataclass

import numpy as np

from models.diagnosis import ResonanceKind
from models.fitting.coupling import circle
from models.fitting.lineshape import LineShape, angular_weights
from models.fitting.refine import ROUGHLY_SETTLED, RefinedLine, line_of, refine
from models.fitting.window import Window

_STRONG_EVIDENCE = 6.0
_WIDEST_CURVED = 0.6
_WIDEST_TOLD = 0.6
_BEHIND_A_LINE = (
    LineShape.PLAIN,
    LineShape.LINE,
    LineShape.LINE_AND_LEAKAGE,
    LineShape.CURVED,
)
_SHAPES = {
    ResonanceKind.TRANSMISSION: (
        LineShape.PLAIN,
        LineShape.LEAKAGE,
        # A standing wave that multiplies a peak leaves a sloping leakage, no more.
        LineShape.LINE_AND_LEAKAGE,
    ),
    ResonanceKind.REFLECTION: _BEHIND_A_LINE,
    ResonanceKind.NOTCH: _BEHIND_A_LINE,
}


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller knows already; None where it is to be found."""

    kind: ResonanceKind | None
    name: str | None
    shape: LineShape | None


def select_shape(
    window: Window,
    start: tuple[float, float, float],
    request: Request,
) -> tuple[RefinedLine, ResonanceKind]:
    """Return the roughly fitted line and its kind.

    Parameters
    ----------
    start
        Centre and half width in half spans, phase slope in rad per half span.
    """
    kind, name = request.kind, request.name
    first = _refine_as(window, start, request.shape or LineShape.PLAIN)
    found = kind or _kind_of(first, name)
    if request.shape is not None:
        return first, found
    if kind is None and first.line.half_width > _WIDEST_TOLD and not first.is_white:
        best = _told_apart(window, start, first)
        return best, _kind_of(best, name)
    best = first
    for richer in _SHAPES[found][1:]:
        if best.is_white:
            break
        if richer is LineShape.CURVED and best.line.half_width > _WIDEST_CURVED:
            break
        refined = _refine_as(window, _near(best, start), richer)
        if _evidence(window, best, refined) > _STRONG_EVIDENCE:
            best = refined
    return best, kind or _kind_of(best, name)


def _told_apart(
    window: Window, start: tuple[float, float, float], first: RefinedLine
) -> RefinedLine:
    """Return the likeliest shape where the simplest has taken its surroundings for it.

    Such a line tells nothing of the kind, and its residuals nothing of how many samples
    are independent: all shapes are tried, and the one with the whitest residuals tells.
    """
    tried = [
        first,
        *(_refine_as(window, start, shape) for shape in tuple(LineShape)[1:]),
    ]
    rest = min(each.correlation for each in tried)
    count = 2.0 * window.offset.size * (1.0 - rest) / (1.0 + rest)

    def penalty(each: RefinedLine) -> float:
        error = float(np.vdot(each.residual, each.residual).real)
        richness = each.line.shape.coefficient_count
        return count * math.log(error + 1e-20) + richness * math.log(max(count, 2.0))

    return min(tried, key=penalty)


def _near(
    refined: RefinedLine, start: tuple[float, float, float]
) -> tuple[float, float, float]:
    line = refined.line
    settled = abs(line.centre - start[0]) < start[1] and line.half_width < 3 * start[1]
    phase = line.phase_slope if line.shape.fits_phase else start[2]
    return (line.centre, line.half_width, phase) if settled else start


def _refine_as(
    window: Window, start: tuple[float, float, float], shape: LineShape
) -> RefinedLine:
    centre, width, phase = start
    phases = (0.0, phase) if shape.has_line and abs(phase) > 0.3 else (0.0,)
    if shape is LineShape.CURVED:
        phases = (phase,)
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
    vector = circle(refined.line)
    # A passive resonator seen in reflection never rises above its surroundings.
    if abs(1.0 - vector) > 1.1:
        return ResonanceKind.TRANSMISSION
    reflects = name is not None and (name[1] == name[2] or name.endswith(":reflection"))
    if reflects or vector.real > 1.05:
        return ResonanceKind.REFLECTION
    return ResonanceKind.NOTCH
