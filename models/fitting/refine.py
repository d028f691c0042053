"""Least squares from a start to the best line."""

import math
from dataclasses import dataclass, replace

import numpy as np

from models.fitting.lineshape import (
    Complexes,
    Line,
    LineShape,
    Reals,
    angular_weights,
    basis,
    shape_derivatives,
    solve_amplitudes,
)

MAX_STEP_COUNT = 25
"""Most steps of one weighted fit."""

MAX_ROUGH_STEP_COUNT = 10
"""The same where only shapes are compared."""

SETTLED = 1e-6
"""Relative gain of the squared error at which a final descent ends."""

ROUGHLY_SETTLED = 1e-3
"""The same where only shapes are compared."""

STRUCTURE_LAGS = range(2, 9)
"""Neighbours whose residuals are compared; an IF filter ties only the nearest."""

_REWEIGHT_COUNT = 3
_SMALLEST_WIDTH = 1e-6
_LARGEST_WIDTH = 20.0
_FURTHEST_CENTRE = 4.0


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
        line = _descend(offset, trace, line, weights, settled)
    residual = trace - _value(offset, line)
    return RefinedLine(line, residual, correlation_of(residual))


@dataclass(frozen=True, slots=True)
class _Trial:
    """A line with its best amplitudes; columns and residual carry root weights."""

    line: Line
    columns: Complexes
    residual: Complexes
    square_sum: float


def _descend(
    offset: Reals, trace: Complexes, start: Line, weights: Reals, settled: float
) -> Line:
    root = np.sqrt(weights)
    weighted = trace * root
    best = _try(offset, weighted, start, root)
    damping = 1e-3
    for _ in range(MAX_ROUGH_STEP_COUNT if settled > SETTLED else MAX_STEP_COUNT):
        step, expected = _step(offset, best, root, damping)
        trial = _try(offset, weighted, _moved(best.line, step), root)
        if trial.square_sum < best.square_sum:
            gain = best.square_sum - trial.square_sum
            best = trial
            damping *= 0.1
            if gain <= settled * best.square_sum:
                break
        else:
            damping = max(damping * 10.0, 1e-2)
            if damping > 1e6 or expected <= settled * best.square_sum:
                break
    return best.line


def _try(offset: Reals, weighted: Complexes, line: Line, root: Reals) -> _Trial:
    columns = basis(line.shape, offset, line.centre, line.half_width, line.phase_slope)
    columns *= root[:, None]
    amplitudes = solve_amplitudes(columns, weighted)
    residual = weighted - columns @ amplitudes
    fitted = replace(line, amplitudes=amplitudes)
    return _Trial(fitted, columns, residual, float(np.vdot(residual, residual).real))


def _step(
    offset: Reals, trial: _Trial, root: Reals, damping: float
) -> tuple[Reals, float]:
    columns, value = trial.columns, trial.columns @ trial.line.amplitudes
    slopes = shape_derivatives(trial.line, offset, value / root) * root[:, None]
    # Kaufman: only the part of the slopes that no amplitude can follow counts.
    slopes = slopes - columns @ solve_amplitudes(columns, slopes)
    normal = (slopes.conj().T @ slopes).real
    gradient = (slopes.conj().T @ trial.residual).real
    diagonal = normal.flat[:: normal.shape[0] + 1]
    normal.flat[:: normal.shape[0] + 1] = diagonal * (1.0 + damping) + 1e-300
    step = np.linalg.solve(normal, gradient)
    return np.asarray(step, dtype=np.float64), float(gradient @ step)


def _moved(line: Line, step: Reals) -> Line:
    reach = max(line.half_width, 1e-4)
    centre = line.centre + _bounded(step[0], 3 * reach)
    width = line.half_width * math.exp(_bounded(step[1], 1.0))
    phase = line.phase_slope + (_bounded(step[2], 1.0) if step.size > 2 else 0.0)
    return Line(
        line.shape,
        _bounded(centre, _FURTHEST_CENTRE),
        min(max(width, _SMALLEST_WIDTH), _LARGEST_WIDTH),
        phase,
        line.amplitudes,
    )


def _bounded(value: float, limit: float) -> float:
    return min(max(float(value), -limit), limit)


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
