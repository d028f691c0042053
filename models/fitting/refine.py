"""Least squares from a start to the best line."""

import math
from dataclasses import dataclass

import numpy as np

from models.fitting.descent import SETTLED, descend
from models.fitting.lineshape import (
    Complexes,
    Line,
    LineShape,
    Reals,
    angular_weights,
    basis,
)

ROUGHLY_SETTLED = 1e-3
"""Relative gain at which one ends where only shapes are compared."""

STRUCTURE_LAGS = range(2, 9)
"""Neighbours whose residuals are compared; an IF filter ties only the nearest."""

_REWEIGHT_COUNT = 3


@dataclass(frozen=True, slots=True)
class RefinedLine:
    """A fitted line with what is needed to judge it.

    Attributes
    ----------
    residual
        Trace minus line, shape (point,).
    correlation
        Correlation of neighbouring residuals, 0 to 1.
    """

    line: Line
    residual: Complexes
    correlation: float

    @property
    def is_white(self) -> bool:
        """Whether the residuals show nothing that a richer shape could explain."""
        return self.correlation < 1.0 / math.sqrt(self.residual.size)

    @property
    def independent_count(self) -> float:
        """Real samples, thinned by the correlation of the residuals."""
        count = 2.0 * self.residual.size
        return count * (1.0 - self.correlation) / (1.0 + self.correlation)


def refine(
    offset: Reals, trace: Complexes, start: Line, settled: float = SETTLED
) -> RefinedLine:
    """Fit a line, its weights renewed as in MAT 58 section 2.4.

    The amplitudes are eliminated (variable projection after Kaufman), so only
    centre, width and line phase are searched, by Levenberg-Marquardt.

    Parameters
    ----------
    offset
        x in half spans, shape (point,).
    trace
        Complex samples, shape (point,).
    start
        Shape, and where the search starts; its amplitudes are not used.
    settled
        Relative gain of the squared error at which a descent ends.
    """
    line = start
    for _ in range(2 if settled > SETTLED else _REWEIGHT_COUNT):
        weights = angular_weights(offset, line.centre, line.half_width)
        line = descend(offset, trace, line, weights, settled)
    residual = trace - _value(offset, line)
    return RefinedLine(line, residual, correlation_of(residual))


def _value(offset: Reals, line: Line) -> Complexes:
    columns = basis(line.shape, offset, line.centre, line.half_width, line.phase_slope)
    return np.asarray(columns @ line.amplitudes)


def correlation_of(residual: Complexes) -> float:
    """Return the correlation of neighbouring residuals, 0 to 0.98."""
    energy = float(np.vdot(residual, residual).real)
    if energy <= 0.0:
        return 0.0
    neighbour = float(np.vdot(residual[:-1], residual[1:]).real)
    return float(np.clip(neighbour / energy, 0.0, 0.98))


def structure(residual: Complexes) -> float:
    """Return the rms of what in the residuals is no noise.

    Noise does not know of its neighbours; a ripple, a second line or a wrong shape do,
    at one distance at least.
    """
    energy = float(np.vdot(residual, residual).real)
    if energy <= 0.0 or residual.size <= 2 * STRUCTURE_LAGS.stop:
        return 0.0
    alike = max(
        abs(complex(np.vdot(residual[:-lag], residual[lag:]))) for lag in STRUCTURE_LAGS
    )
    chance = 4.0 / math.sqrt(residual.size)
    share = max(alike / energy - chance, 0.0)
    return math.sqrt(energy / residual.size * share)


def line_of(shape: LineShape, centre: float, half_width: float, phase: float) -> Line:
    """Return a line to start from, its amplitudes still open."""
    return Line(shape, centre, half_width, phase, np.zeros(2, dtype=np.complex128))
