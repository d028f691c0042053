"""How well the coefficients of a fit are known."""

import math

import numpy as np

from models.fitting.lineshape import Complexes, Reals, angular_weights, jacobian
from models.fitting.refine import RefinedLine


def covariance(offset: Reals, refined: RefinedLine) -> Reals:
    """Return the covariance of a line's coefficients, from its residuals.

    Returns
    -------
    Reals
        Shape (coefficient, coefficient), in the order of
        :func:`models.fitting.lineshape.jacobian`.
    """
    line = refined.line
    return spread_of(
        jacobian(line, offset),
        refined.residual,
        angular_weights(offset, line.centre, line.half_width),
        refined.correlation,
    )


def spread_of(
    slopes: Reals, residual: Complexes, weights: Reals, correlation: float
) -> Reals:
    """Return the covariance of a weighted fit.

    White noise is assumed (sandwich form), then widened by the correlation that the
    residuals show.

    Parameters
    ----------
    slopes
        Derivatives by the coefficients, shape (2 point, coefficient), real above
        imaginary rows.
    residual
        Shape (point,).
    weights
        Of squared errors, shape (point,).
    correlation
        Of neighbouring residuals, 0 to 1.
    """
    twice = np.tile(weights, 2)
    scale = np.linalg.norm(slopes, axis=0) + 1e-100
    scaled = slopes / scale
    inverse = np.linalg.pinv((scaled.T * twice) @ scaled)
    middle = (scaled.T * twice**2) @ scaled
    freedom = max(scaled.shape[0] - scaled.shape[1], 1)
    # Residuals near the line decide: far ones show what the model leaves out.
    square = float((weights * np.abs(residual) ** 2).sum() / weights.sum())
    variance = 0.5 * square * scaled.shape[0] / freedom
    widening = (1.0 + correlation) / (1.0 - correlation)
    return np.asarray(
        inverse @ middle @ inverse * (variance * widening) / np.outer(scale, scale)
    )


def root_of(variance: float) -> float:
    """Return a standard uncertainty; rounding may leave a variance below zero."""
    return math.sqrt(max(float(variance), 0.0))
