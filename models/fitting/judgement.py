"""Whether a fitted line may be called a resonance."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.diagnosis import ResonanceEstimate, ResonanceKind, ResonanceState
from models.fitting.coupling import Coupling, couple
from models.fitting.lineshape import Complexes
from models.fitting.refine import RefinedLine, covariance
from models.fitting.search import Candidate, find_candidate
from models.fitting.window import Window

SIGNIFICANCE = 40.0
"""Least doubled gain of log likelihood; pure noise of 1601 points stays below 30."""

_NARROWEST_POINTS = 1.5
_WIDEST_SPANS = 1.0
_LARGEST_MISFIT = 0.07
_SECOND_LINE = 0.3


def no_estimate(
    state: ResonanceState,
    kind: ResonanceKind | None,
    name: str | None,
    reason: str,
) -> ResonanceEstimate:
    """Return an estimate without numbers, and why."""
    return ResonanceEstimate(state=state, kind=kind, trace=name, reason=reason)


def judge(
    window: Window,
    refined: RefinedLine,
    *,
    kind: ResonanceKind,
    name: str | None,
    level: float,
    through_magnitude: float | None,
) -> ResonanceEstimate:
    """Turn a fitted line into a typed estimate.

    Parameters
    ----------
    level
        |S| that one unit of the window's trace stands for.
    through_magnitude
        |S21| of a through, in units of the window's trace; None where unknown.
    """
    state, reason = _state(window, refined)
    if state is ResonanceState.BAD_SHAPE:
        return no_estimate(state, kind, name, reason or "")
    coupling = _coupling(window, refined, kind, through_magnitude)
    numbers = _numbers(window, refined, level, coupling)
    return replace(numbers, state=state, kind=kind, trace=name, reason=reason)


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


def _state(window: Window, refined: RefinedLine) -> tuple[ResonanceState, str | None]:
    line = refined.line
    if abs(line.centre) > 1.0 - 0.5 * min(line.half_width, 1.0):
        return (
            ResonanceState.EDGE,
            f"the line lies at the end of the span, near {_text_hz(window, refined)}",
        )
    if line.half_width > _WIDEST_SPANS:
        return ResonanceState.BAD_SHAPE, "the line is wider than the span"
    if line.half_width * window.offset.size < _NARROWEST_POINTS:
        return ResonanceState.BAD_SHAPE, "the line is narrower than the point spacing"
    misfit = math.sqrt(_energy(refined.residual) / window.offset.size)
    noise = math.sqrt(_energy(np.diff(refined.residual)) / 2.0 / window.offset.size)
    height = float(abs(line.amplitudes[1]))
    if misfit > 2.0 * noise:
        second = find_candidate(window.offset, refined.residual)
        if (
            second.explained > 0.5
            and _height(window, refined.residual, second) > _SECOND_LINE * height
        ):
            second_hz = window.frequency(second.centre)
            return (
                ResonanceState.AMBIGUOUS,
                f"a second line of like size lies near {second_hz:.0f} Hz",
            )
        if misfit > _LARGEST_MISFIT * height:
            return (
                ResonanceState.BAD_SHAPE,
                f"the fit misses by {misfit / height:.0%} of the line's height",
            )
    return ResonanceState.OK, None


def _numbers(
    window: Window, refined: RefinedLine, level: float, coupling: Coupling | None
) -> ResonanceEstimate:
    line = refined.line
    spread = covariance(window.offset, refined)
    first = 2 * line.amplitudes.size
    loaded_q = window.loaded_q(line.centre, line.half_width)
    return ResonanceEstimate(
        state=ResonanceState.OK,
        resonant_frequency_hz=window.frequency(line.centre),
        resonant_frequency_sigma_hz=window.half_span_hz * _root(spread[first, first]),
        loaded_q=loaded_q,
        loaded_q_sigma=loaded_q * _root(spread[first + 1, first + 1]),
        unloaded_q=None if coupling is None else coupling.unloaded_q,
        unloaded_q_sigma=None if coupling is None else coupling.unloaded_q_sigma,
        coupling_beta=None if coupling is None else coupling.coupling_beta,
        coupling_beta_sigma=None if coupling is None else coupling.coupling_beta_sigma,
        residual_rms=level * math.sqrt(_energy(refined.residual) / window.offset.size),
        line_shape=line.shape.value,
    )


def _coupling(
    window: Window,
    refined: RefinedLine,
    kind: ResonanceKind,
    through_magnitude: float | None,
) -> Coupling | None:
    line = refined.line
    return couple(
        kind,
        line,
        covariance(window.offset, refined),
        window.loaded_q(line.centre, line.half_width),
        through_magnitude,
    )


def _height(window: Window, residual: Complexes, candidate: Candidate) -> float:
    distance = (window.offset - candidate.centre) / candidate.half_width
    lorentzian = 1.0 / (1.0 + 1j * distance)
    return abs(complex(np.vdot(lorentzian, residual))) / _energy(lorentzian)


def _text_hz(window: Window, refined: RefinedLine) -> str:
    return f"{window.frequency(refined.line.centre):.0f} Hz"


def _energy(values: npt.NDArray[np.complexfloating]) -> float:
    return float(np.vdot(values, values).real)


def _root(value: float) -> float:
    return math.sqrt(max(float(value), 0.0))
