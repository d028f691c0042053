r"""Two modes in one span, apart or crossing.

Two Lorentzians of free amplitude describe any two modes, coupled or not. Where only one
of two coupled modes is seen through the port,
:math:`S \propto (x - x_d) / [(x - x_b)(x - x_d) - g^2]` with complex centres of the
bright and the dark mode: its zero is the dark mode, the sum of its poles gives the
bright one, their product g.
"""

import math
from dataclasses import dataclass

import numpy as np

from models.fitting.lineshape import Complexes, Line, LineShape, Reals, angular_weights
from models.fitting.projection import ProjectedFit, project, thinned
from models.fitting.refine import RefinedLine, correlation_of
from models.fitting.search import find_candidate
from models.fitting.spread import spread_of

CROSSING_WIDTHS = 12.0
"""Modes closer than this many half widths are mixed."""

_LEAST_HEIGHT_RATIO = 0.02
_LARGEST_LOSS_SHARE = 0.5
_LEAST_APART = 0.7
_APART = (0.5, 1.5)


@dataclass(frozen=True, slots=True)
class TwoModes:
    """Two fitted modes, the larger one first.

    Attributes
    ----------
    covariance
        Of amplitudes, centre and ln w of the first, centre and ln w of the second.
    second_centre, second_half_width
        Of the second mode, in half spans.
    height_ratio
        Height of the second over that of the first.
    coupling_rate
        g in half spans; None where a dark mode does not explain the two.
    """

    refined: RefinedLine
    covariance: Reals
    second_centre: float
    second_half_width: float
    height_ratio: float
    coupling_rate: float | None

    @property
    def are_crossing(self) -> bool:
        """Whether the modes are within a few widths of each other."""
        apart = abs(self.refined.line.centre - self.second_centre)
        widest = max(self.refined.line.half_width, self.second_half_width)
        return apart < CROSSING_WIDTHS * widest

    @property
    def are_distinct(self) -> bool:
        """Whether the second is a mode in the span and not a patch on the first."""
        inside = abs(self.second_centre) < 1.0
        spacing = 2.0 / self.refined.residual.size
        resolved = self.second_half_width > 0.75 * spacing
        tall = self.height_ratio > _LEAST_HEIGHT_RATIO
        line = self.refined.line
        widest = max(line.half_width, self.second_half_width)
        # A mode as wide as the span is a patch on what surrounds the other.
        narrow = widest < 0.5
        apart = abs(line.centre - self.second_centre) > _LEAST_APART * widest
        return inside and resolved and narrow and tall and apart


def fit_two_modes(offset: Reals, trace: Complexes, start: RefinedLine) -> TwoModes:
    """Fit two modes, from the one that was found first.

    Parameters
    ----------
    offset
        x in half spans, shape (point,).
    trace
        Complex samples, shape (point,).
    """
    line = start.line
    other = find_candidate(offset, start.residual)
    reach = abs(other.centre - line.centre) + 4.0 * line.half_width
    weights = angular_weights(offset, line.centre, reach)
    firsts = [
        (line.centre, line.half_width, other.centre, other.half_width),
        *(
            (
                line.centre - apart * line.half_width,
                0.5 * line.half_width,
                line.centre + apart * line.half_width,
                0.5 * line.half_width,
            )
            for apart in _APART
        ),
    ]
    narrowest = min(0.5 * line.half_width, other.half_width)
    few = thinned(offset, trace, weights, narrowest)
    rough = [(_fit(few, line, first), first) for first in firsts]
    near, first = min(rough, key=lambda each: _error(each[0], few[2]))
    best = _fit((offset, trace, weights), line, first, near.parameters)
    return _two_modes(best, first, line, weights)


_Start = tuple[float, float, float, float]


def _fit(
    samples: tuple[Reals, Complexes, Reals],
    line: Line,
    first: _Start,
    near: Reals | None = None,
) -> ProjectedFit:
    offset, trace, weights = samples
    turn = np.exp(1j * line.phase_slope * (offset - line.centre) * line.shape.has_line)

    def build(p: Reals) -> Complexes:
        columns = np.empty((offset.size, 5), dtype=np.complex128)
        columns[:, 0] = 1.0
        for mode in (0, 1):
            centre, width = _place(p, first, mode)
            columns[:, 1 + mode] = 1.0 / (1.0 + 1j * (offset - centre) / width)
        columns[:, 3] = offset - line.centre
        columns[:, 4] = columns[:, 3] ** 2
        return np.asarray(columns * turn[:, None])

    return project(build, np.zeros(4) if near is None else near, trace, weights)


def _place(p: Reals, first: _Start, mode: int) -> tuple[float, float]:
    """Return centre and half width of a mode; parameters count in first widths."""
    centre, width = first[2 * mode], first[2 * mode + 1]
    grown = min(max(float(p[2 * mode + 1]), -4.0), 4.0)
    return centre + width * float(p[2 * mode]), width * math.exp(grown)


def _two_modes(
    fit: ProjectedFit, first: _Start, line: Line, weights: Reals
) -> TwoModes:
    places = [_place(fit.parameters, first, mode) for mode in (0, 1)]
    heights = np.abs(fit.amplitudes[1:3])
    chief = int(np.argmax(heights))
    order = [0, 1 + chief, 3, 4, 2 - chief]
    rest = correlation_of(fit.residual)
    spread = spread_of(fit.slopes, fit.residual, weights, rest)
    rows = [*order, *(5 + k for k in order), *_parameter_rows(chief)]
    scale = np.ones(spread.shape[0])
    scale[10], scale[12] = first[1], first[3]
    spread = (spread * np.outer(scale, scale))[np.ix_(rows, rows)]
    centre, width = places[chief]
    fitted = Line(
        LineShape.CURVED,
        centre,
        width,
        line.phase_slope if line.shape.has_line else 0.0,
        fit.amplitudes[order],
    )
    other_centre, other_width = places[1 - chief]
    return TwoModes(
        RefinedLine(fitted, fit.residual, rest),
        spread,
        other_centre,
        other_width,
        float(heights[1 - chief] / max(heights[chief], 1e-300)),
        _coupling_rate(fit.amplitudes[1:3], places),
    )


def _parameter_rows(chief: int) -> list[int]:
    return [10 + 2 * chief, 11 + 2 * chief, 12 - 2 * chief, 13 - 2 * chief]


def _coupling_rate(
    amplitudes: Complexes, places: list[tuple[float, float]]
) -> float | None:
    poles = [complex(centre, width) for centre, width in places]
    weights = [complex(amplitudes[mode]) * places[mode][1] for mode in (0, 1)]
    total = weights[0] + weights[1]
    if abs(total) < 1e-12 * abs(weights[0]):
        return None
    dark = (weights[0] * poles[1] + weights[1] * poles[0]) / total
    bright = poles[0] + poles[1] - dark
    rate = (bright * dark - poles[0] * poles[1]) ** 0.5
    # Two modes that do not know of each other give a rate that is no real number.
    if abs(rate.imag) > _LARGEST_LOSS_SHARE * abs(rate.real):
        return None
    return abs(rate.real)


def _error(fit: ProjectedFit, weights: Reals) -> float:
    error = float(weights @ np.abs(fit.residual) ** 2)
    return error if math.isfinite(error) else math.inf
