"""Fits of lines that their own power moves or narrows."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.fitting.departure import Departure
from models.fitting.driven import FOLD, saturating_response, shifted_response
from models.fitting.lineshape import (
    Complexes,
    Line,
    LineShape,
    Reals,
    angular_weights,
)
from models.fitting.projection import ProjectedFit, project
from models.fitting.refine import RefinedLine, correlation_of, structure
from models.fitting.spread import root_of, spread_of

_WIDER = 3.0
_ROUGH = 0.02
_CERTAIN = 5.0
_LARGEST_GROWTH = 3.0
_LARGEST_SHIFT = 30.0
_LARGEST_LOG = 8.0
_SHIFTS = (1.5, 4.0)
_LOSSES = ((0.5, 3.0), (2.0, 30.0))

_Response = Callable[[Reals, Reals], Complexes]
"""From distances in half widths and the further parameters to L."""


@dataclass(frozen=True, slots=True)
class DrivenLine:
    """A driven line.

    Attributes
    ----------
    refined
        With the centre of low power and the width at the peak.
    covariance
        Of amplitudes, x0, ln w and the further parameters, shape
        (coefficient, coefficient).
    shift_ratio, shift_ratio_sigma
        Kerr shift xi in half widths; zero for a loss that saturates.
    """

    refined: RefinedLine
    covariance: Reals
    shift_ratio: float = 0.0
    shift_ratio_sigma: float = 0.0

    @property
    def is_folded(self) -> bool:
        """Whether the line is driven past the fold."""
        return abs(self.shift_ratio) > FOLD

    @property
    def is_shifted(self) -> bool:
        """Whether a Kerr shift is beyond doubt."""
        return abs(self.shift_ratio) > _CERTAIN * self.shift_ratio_sigma


def fit_shifted(
    offset: Reals, trace: Complexes, start: RefinedLine, first: Departure
) -> DrivenLine:
    """Fit a line with a Kerr shift, from the Lorentzian that was tried first.

    Parameters
    ----------
    offset
        x in half spans, shape (point,).
    trace
        Complex samples, shape (point,).
    first
        What the residuals of the Lorentzian say to first order.
    """
    job = _Job.of(offset, trace, start.line)
    best = _fit_shift(job, first.shift_ratio, highest=True)
    if structure(best.residual) > _ROUGH * abs(best.amplitudes[1]):
        rough = [
            _fit_shift(job, sign * size, highest=highest)
            for size in _SHIFTS
            for sign in (1.0, -1.0)
            # Below the fold there is one branch.
            for highest in ((True, False) if size > FOLD else (True,))
        ]
        best = min([best, *rough], key=job.error)
    refined, spread = job.finish(best)
    row = 2 * best.amplitudes.size + 2
    shift = _bounded(best.parameters[2], _LARGEST_SHIFT)
    return DrivenLine(refined, spread, shift, root_of(spread[row, row]))


def fit_saturating(offset: Reals, trace: Complexes, start: RefinedLine) -> DrivenLine:
    """Fit a line whose loss saturates; parameters as in :func:`fit_shifted`."""
    job = _Job.of(offset, trace, start.line)

    def response(distance: Reals, more: Reals) -> Complexes:
        loss, knee = (math.exp(_bounded(value, _LARGEST_LOG)) for value in more)
        return saturating_response(distance, loss, knee)

    fits = [job.fit(response, np.array([0.0, 0.0, *np.log(pair)])) for pair in _LOSSES]
    return DrivenLine(*job.finish(min(fits, key=job.error)))


def _fit_shift(job: "_Job", shift: float, *, highest: bool) -> ProjectedFit:
    def response(distance: Reals, more: Reals) -> Complexes:
        xi = _bounded(more[0], _LARGEST_SHIFT)
        return shifted_response(distance, xi, highest=highest)

    # The dip that is seen lies where the peak has been pushed to.
    pushed = shift if abs(shift) > FOLD else 0.7 * shift
    return job.fit(response, np.array([-pushed, 0.0, shift]))


@dataclass(frozen=True, slots=True)
class _Job:
    offset: Reals
    trace: Complexes
    line: Line
    weights: Reals

    @classmethod
    def of(cls, offset: Reals, trace: Complexes, line: Line) -> "_Job":
        """Weigh the points around a line, wider than for a Lorentzian."""
        weights = angular_weights(offset, line.centre, _WIDER * line.half_width)
        return cls(offset, trace, line, weights)

    def fit(self, response: _Response, start: Reals) -> ProjectedFit:
        """Fit a response; centre and width count in first widths."""
        phase = self.line.phase_slope if self.line.shape.has_line else 0.0
        turn = np.exp(1j * phase * (self.offset - self.line.centre))

        def build(p: Reals) -> Complexes:
            centre, width = self.place(p)
            away = self.offset - centre
            columns = np.empty((away.size, 4), dtype=np.complex128)
            columns[:, 0] = 1.0
            columns[:, 1] = response(away / width, p[2:])
            columns[:, 2] = away
            columns[:, 3] = away**2
            return np.asarray(columns * turn[:, None])

        return project(build, start, self.trace, self.weights)

    def place(self, p: Reals) -> tuple[float, float]:
        """Return centre and half width in half spans."""
        width = self.line.half_width * math.exp(_bounded(p[1], _LARGEST_GROWTH))
        return self.line.centre + self.line.half_width * float(p[0]), width

    def error(self, fit: ProjectedFit) -> float:
        """Return the weighted squared error."""
        error = float(self.weights @ np.abs(fit.residual) ** 2)
        return error if math.isfinite(error) else math.inf

    def finish(self, fit: ProjectedFit) -> tuple[RefinedLine, Reals]:
        """Return the line in half spans, and its covariance."""
        rest = correlation_of(fit.residual)
        spread = spread_of(fit.slopes, fit.residual, self.weights, rest)
        scale = np.ones(spread.shape[0])
        scale[2 * fit.amplitudes.size] = self.line.half_width
        phase = self.line.phase_slope if self.line.shape.has_line else 0.0
        line = Line(
            LineShape.CURVED, *self.place(fit.parameters), phase, fit.amplitudes
        )
        refined = RefinedLine(line, fit.residual, rest)
        return refined, spread * np.outer(scale, scale)


def _bounded(value: float, limit: float) -> float:
    """Return a value that a search may vary freely, held within a limit."""
    return limit * math.tanh(float(value) / limit)
