"""Least squares for shapes whose amplitudes are linear, with numeric slopes.

For the rare shapes (driven lines, two modes): slower than
:mod:`models.fitting.refine`, but any columns will do.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from models.fitting.lineshape import Complexes, Reals, solve_amplitudes

_ROUGH_POINTS_PER_HALF_WIDTH = 6.0
_LEAST_ROUGH_POINT_COUNT = 200
_MAX_EVALUATIONS = 60
_NUMERIC_STEP = 1e-5

ColumnBuilder = Callable[[Reals], Complexes]
"""From parameters, shape (parameter,), to columns, shape (point, column)."""


@dataclass(frozen=True, slots=True)
class ProjectedFit:
    """A fit of columns.

    Attributes
    ----------
    parameters
        Shape (parameter,).
    amplitudes
        What the columns are multiplied by, shape (column,).
    residual
        Values minus fit, shape (point,).
    slopes
        Derivatives by real and imaginary parts of the amplitudes and by the parameters,
        shape (2 point, 2 column + parameter), real above imaginary rows.
    """

    parameters: Reals
    amplitudes: Complexes
    residual: Complexes
    slopes: Reals


def project(
    build: ColumnBuilder, start: Reals, values: Complexes, weights: Reals
) -> ProjectedFit:
    """Fit columns to values, amplitudes eliminated.

    Parameters
    ----------
    build
        Makes the columns.
    start
        Parameters to start from, in units in which they are of order one.
    values
        Shape (point,).
    weights
        Of squared errors, shape (point,).
    """
    root = np.sqrt(weights)

    def misfit(parameters: Reals) -> Reals:
        columns = build(parameters)
        error = root * (values - columns @ _amplitudes(columns, values, root))
        return np.concatenate([error.real, error.imag])

    with np.errstate(all="ignore"):
        found = least_squares(misfit, start, method="lm", max_nfev=_MAX_EVALUATIONS)
        parameters = np.asarray(found.x, dtype=np.float64)
        columns = build(parameters)
        amplitudes = _amplitudes(columns, values, root)
        slopes = _slopes(build, parameters, columns, amplitudes)
    return ProjectedFit(parameters, amplitudes, values - columns @ amplitudes, slopes)


def thinned(
    offset: Reals, trace: Complexes, weights: Reals, narrowest: float
) -> tuple[Reals, Complexes, Reals]:
    """Average neighbours, for a search from many starts.

    Parameters
    ----------
    offset
        x in half spans, shape (point,).
    trace, weights
        Shape (point,).
    narrowest
        Half width of the narrowest line, in half spans.
    """
    per_width = 0.5 * narrowest * offset.size
    block = min(
        int(per_width / _ROUGH_POINTS_PER_HALF_WIDTH),
        offset.size // _LEAST_ROUGH_POINT_COUNT,
    )
    if block < 2:
        return offset, trace, weights
    kept = offset.size // block * block
    return (
        offset[:kept].reshape(-1, block).mean(axis=1),
        trace[:kept].reshape(-1, block).mean(axis=1),
        weights[:kept].reshape(-1, block).mean(axis=1),
    )


def _amplitudes(columns: Complexes, values: Complexes, root: Reals) -> Complexes:
    weighted = np.nan_to_num(columns * root[:, None])
    return solve_amplitudes(weighted, values * root)


def _slopes(
    build: ColumnBuilder, parameters: Reals, columns: Complexes, amplitudes: Complexes
) -> Reals:
    by_parameter = []
    for index in range(parameters.size):
        step = np.zeros(parameters.size)
        step[index] = _NUMERIC_STEP
        change = build(parameters + step) - build(parameters - step)
        by_parameter.append(change @ amplitudes / (2.0 * _NUMERIC_STEP))
    slopes = np.concatenate([columns, 1j * columns, np.stack(by_parameter, 1)], axis=1)
    return np.concatenate([slopes.real, slopes.imag])
