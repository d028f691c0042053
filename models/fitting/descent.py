r"""Levenberg-Marquardt for one line, its amplitudes eliminated (after Kaufman).

With :math:`d = x - x_0` and :math:`L = 1 / (1 + j d / w)`, of the slopes by
:math:`x_0` and :math:`\ln w` only :math:`j b L^2 / w` and :math:`-b L^2` are not
followed by the amplitudes, since :math:`d L = -j w (1 - L)`; of that by :math:`\phi`
only :math:`j d` to the power that comes after those of the leakage. So two columns more
than the shape has are all that a step takes.
"""

import math
from dataclasses import dataclass

import numpy as np

from models.fitting.lineshape import Complexes, Line, Reals, solve_normal

MAX_STEP_COUNT = 25
"""Most steps of one weighted fit."""

MAX_ROUGH_STEP_COUNT = 10
"""The same where only shapes are compared."""

SETTLED = 1e-6
"""Relative gain of the squared error at which a final descent ends."""

_SMALLEST_WIDTH = 1e-6
_LARGEST_WIDTH = 20.0
_FURTHEST_CENTRE = 4.0
_SMALLEST = 1e-300


@dataclass(frozen=True, slots=True)
class _Trial:
    """A line with its best amplitudes.

    ``products`` are those of what the amplitudes leave: of the weighted
    :math:`L^2`, the next power of d where the phase is fitted, and the trace.
    """

    line: Line
    products: Complexes

    @property
    def square_sum(self) -> float:
        return float(self.products[-1, -1].real)


def descend(
    offset: Reals, trace: Complexes, start: Line, weights: Reals, settled: float
) -> Line:
    """Return the line of least weighted squared error near a start.

    Parameters
    ----------
    offset
        x in half spans, shape (point,).
    trace
        Complex samples, shape (point,).
    weights
        Of squared errors, shape (point,).
    settled
        Relative gain of the squared error at which the descent ends.
    """
    root = np.sqrt(weights)
    weighted = trace * root
    best = _try(offset, weighted, start, root)
    damping = 1e-3
    for _ in range(MAX_ROUGH_STEP_COUNT if settled > SETTLED else MAX_STEP_COUNT):
        step, expected = _step(best, damping)
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
    shape = line.shape
    distance = offset - line.centre
    fitted = 2 + shape.degree
    # Rows, for products of whole rows are quick: the columns of the shape, what is
    # left of the slopes, the trace. Turning the trace back spares turning the columns.
    rows = np.empty((fitted + 2 + shape.fits_phase, offset.size), np.complex128)
    lorentzian = 1.0 / (1.0 + (1j / line.half_width) * distance)
    rows[0] = power = root
    np.multiply(root, lorentzian, out=rows[1])
    np.multiply(rows[1], lorentzian, out=rows[fitted])
    for index in (*range(2, fitted), *range(fitted + 1, rows.shape[0] - 1)):
        rows[index] = power = power * distance
    rows[-1] = weighted
    if shape.has_line:
        rows[-1] *= np.exp((-1j * line.phase_slope) * distance)
    basis, rest = rows[:fitted], rows[fitted:]
    normal = basis.conj() @ rows.T
    found = solve_normal(normal[:, :fitted], normal[:, fitted:])
    left = rest - found.T @ basis
    moved = Line(shape, line.centre, line.half_width, line.phase_slope, found[:, -1])
    return _Trial(moved, left.conj() @ left.T)


def _step(trial: _Trial, damping: float) -> tuple[tuple[float, ...], float]:
    """Return a step in centre, log width and phase, and the gain that it promises."""
    line, products = trial.line, trial.products
    height = complex(line.amplitudes[1])
    steepness = float(products[0, 0].real) * abs(height) ** 2
    # The slopes by centre and width are a quarter turn apart: neither sees the other.
    factors = (1j * height / line.half_width, -height)
    pulls = [_real(factor, products[0, -1]) for factor in factors]
    damped = [
        square * (1.0 + damping) + _SMALLEST
        for square in (steepness / line.half_width**2, steepness)
    ]
    if not line.shape.fits_phase:
        step = tuple(pull / square for pull, square in zip(pulls, damped, strict=True))
        return step, sum(pull * by for pull, by in zip(pulls, step, strict=True))
    # By elimination, the phase last.
    turn = 1j * complex(line.amplitudes[-1 if line.shape.degree else 0])
    shared = [_real(factor, products[0, 1] * turn) for factor in factors]
    pull = _real(turn, products[1, -1])
    square = abs(turn) ** 2 * float(products[1, 1].real) * (1.0 + damping) + _SMALLEST
    left = pull
    for cross, other, below in zip(shared, pulls, damped, strict=True):
        square -= cross * cross / below
        left -= cross * other / below
    phase = left / max(square, _SMALLEST)
    step = tuple(
        (other - cross * phase) / below
        for cross, other, below in zip(shared, pulls, damped, strict=True)
    )
    expected = sum(other * by for other, by in zip(pulls, step, strict=True))
    return (*step, phase), expected + pull * phase


def _real(factor: complex, product: complex) -> float:
    return float((factor.conjugate() * product).real)


def _moved(line: Line, step: tuple[float, ...]) -> Line:
    reach = max(line.half_width, 1e-4)
    centre = line.centre + _bounded(step[0], 3 * reach)
    width = line.half_width * math.exp(_bounded(step[1], 1.0))
    phase = line.phase_slope + (_bounded(step[2], 1.0) if len(step) > 2 else 0.0)
    return Line(
        line.shape,
        _bounded(centre, _FURTHEST_CENTRE),
        min(max(width, _SMALLEST_WIDTH), _LARGEST_WIDTH),
        phase,
        line.amplitudes,
    )


def _bounded(value: float, limit: float) -> float:
    return min(max(float(value), -limit), limit)
