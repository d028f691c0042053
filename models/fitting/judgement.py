"""Whether a fitted line may be called a resonance."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.diagnosis import ResonanceEstimate, ResonanceKind, ResonanceState
from models.fitting.finding import Finding
from models.fitting.lineshape import Complexes
from models.fitting.numbers import numbers
from models.fitting.refine import structure
from models.fitting.search import Candidate, find_candidate
from models.fitting.window import Window

SIGNIFICANCE = 40.0
"""Least doubled gain of log likelihood; pure noise of 1601 points stays below 30."""

LEAST_LOADED_Q = 5.0
"""What is broader is the shape of the receiver, no mode of a cavity."""

_NARROWEST_POINTS = 1.5
_WIDEST_SPANS = 1.0
_LARGEST_MISFIT = 0.07
_SECOND_LINE = 0.3
_FURTHEST_WIDTHS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a fit was asked for.

    Attributes
    ----------
    level_factor
        |S| that one unit of the window's trace stands for.
    through_ratio
        |S21| of a through, in units of the window's trace; None where unknown.
    line_delay_s
        Delay that was taken off before the fit, in s.
    masked_point_count
        Points that were left out.
    """

    kind: ResonanceKind
    name: str | None
    level_factor: float
    through_ratio: float | None
    line_delay_s: float
    masked_point_count: int


def no_estimate(
    state: ResonanceState,
    kind: ResonanceKind | None,
    name: str | None,
    reason: str,
) -> ResonanceEstimate:
    """Return an estimate without numbers, and why."""
    return ResonanceEstimate(state=state, kind=kind, trace=name, reason=reason)


def judge(window: Window, finding: Finding, asked: Asked) -> ResonanceEstimate:
    """Turn a fitted line into a typed estimate."""
    state, reason = _state(window, finding)
    is_folded = finding.driven is not None and finding.driven.is_folded
    if state is ResonanceState.BAD_SHAPE and not is_folded:
        return no_estimate(state, asked.kind, asked.name, reason or "")
    estimate = numbers(
        window,
        finding,
        kind=asked.kind,
        through_magnitude=asked.through_ratio,
        masked_point_count=asked.masked_point_count,
    )
    known_s = estimate.line_delay_s
    delay_s = asked.line_delay_s + (known_s or 0.0)
    return replace(
        estimate,
        state=state,
        trace=asked.name,
        reason=reason,
        residual_rms=asked.level_factor * _rms(finding.refined.residual),
        line_delay_s=None if known_s is None and not asked.line_delay_s else delay_s,
    )


def significance(start: Candidate, flat: Complexes) -> float:
    """Return the energy that a line explains, over the noise variance.

    The noise is read from the differences of neighbouring points.

    Parameters
    ----------
    start
        What the matched filter found.
    flat
        The trace without its background, shape (point,).
    """
    noise = float(np.median(np.abs(np.diff(flat, 2)) ** 2)) / 6.0 / math.log(2.0)
    return start.explained * _energy(flat) / (0.5 * noise + 1e-30)


def misses(finding: Finding) -> bool:
    """Tell whether a fit misses what it was made for by too much to give numbers."""
    refined = finding.refined
    height = float(abs(refined.line.amplitudes[1]))
    return structure(refined.residual) > _LARGEST_MISFIT * height


_Verdict = tuple[ResonanceState, str | None]


def _state(window: Window, finding: Finding) -> _Verdict:
    return (
        _shape_verdict(window, finding)
        or _misfit_verdict(window, finding)
        or _place_verdict(window, finding)
        or (ResonanceState.OK, None)
    )


def _shape_verdict(window: Window, finding: Finding) -> _Verdict | None:
    line = finding.refined.line
    if line.half_width > _WIDEST_SPANS:
        return ResonanceState.BAD_SHAPE, "the line is wider than the span"
    if line.half_width * window.offset.size < _NARROWEST_POINTS:
        return ResonanceState.BAD_SHAPE, "the line is narrower than the point spacing"
    if window.loaded_q(line.centre, line.half_width) < LEAST_LOADED_Q:
        return (
            ResonanceState.BAD_SHAPE,
            "the line is as broad as the receiver's own shape, no mode",
        )
    if finding.driven is not None and finding.driven.is_folded:
        return (
            ResonanceState.BAD_SHAPE,
            "the line is driven past its fold and jumps; measure at less power",
        )
    return None


def _misfit_verdict(window: Window, finding: Finding) -> _Verdict | None:
    refined = finding.refined
    height = float(abs(refined.line.amplitudes[1]))
    if finding.modes is not None and finding.modes.height_ratio > _SECOND_LINE:
        return _ambiguous(window, finding.modes.second_centre)
    misfit = structure(refined.residual)
    second = find_candidate(window.offset, refined.residual) if misfit else None
    if (
        second is not None
        and finding.modes is None
        and misfit > 0.1 * _rms(refined.residual)
        and second.explained > 0.8
        and second.height(window.offset, refined.residual) > _SECOND_LINE * height
    ):
        return _ambiguous(window, second.centre)
    if misses(finding):
        return (
            ResonanceState.BAD_SHAPE,
            f"the fit misses by {misfit / height:.0%} of the line's height",
        )
    return None


def _ambiguous(window: Window, second: float) -> _Verdict:
    return (
        ResonanceState.AMBIGUOUS,
        f"a second line of like size lies near {window.frequency(second):.0f} Hz",
    )


def _place_verdict(window: Window, finding: Finding) -> _Verdict | None:
    line = finding.refined.line
    if abs(line.centre) > 1.0 + _FURTHEST_WIDTHS * line.half_width:
        return ResonanceState.BAD_SHAPE, "the line that fits lies far outside the span"
    if abs(line.centre) > 1.0 - 0.5 * min(line.half_width, 1.0):
        where_hz = window.frequency(line.centre)
        return (
            ResonanceState.EDGE,
            f"the line lies at the end of the span, near {where_hz:.0f} Hz",
        )
    return None


def _rms(values: Complexes) -> float:
    return math.sqrt(_energy(values) / values.size)


def _energy(values: npt.NDArray[np.complexfloating]) -> float:
    return float(np.vdot(values, values).real)
