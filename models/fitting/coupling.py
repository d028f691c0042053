"""From the Q-circle to the unloaded Q and the coupling."""

import math
from dataclasses import dataclass

import numpy as np

from models.diagnosis import ResonanceKind
from models.fitting.lineshape import Line, Reals


@dataclass(frozen=True, slots=True)
class Coupling:
    """Unloaded Q and coupling beta = Q_0 / Q_e, each with its standard uncertainty."""

    unloaded_q: float
    unloaded_q_sigma: float
    coupling_beta: float
    coupling_beta_sigma: float


def circle_diameter(line: Line) -> float:
    """Return the diameter of the Q-circle over the off-resonant level, |b / a|."""
    return float(abs(line.amplitudes[1]) / max(abs(line.amplitudes[0]), 1e-300))


def couple(
    kind: ResonanceKind,
    line: Line,
    covariance: Reals,
    loaded_q: float,
    through_magnitude: float | None,
) -> Coupling | None:
    """Return the coupling where the kind of line allows it.

    Reflection: beta = d / (2 - d). Notch: beta = d / (1 - d). Transmission needs
    |S21| of a through in place of the resonator, and then Q_0 = Q_L / (1 - d)
    (MAT 58 sections 2.5 and 6; the same as ``skrf.qfactor.Qfactor.Q_unloaded``).

    Parameters
    ----------
    covariance
        Of the line's coefficients, shape (coefficient, coefficient).
    through_magnitude
        |S21| of the through, for transmission.

    Returns
    -------
    Coupling or None
        None where the circle is too large for a passive resonator.
    """
    if kind is ResonanceKind.TRANSMISSION:
        if through_magnitude is None:
            return None
        diameter = float(abs(line.amplitudes[1])) / through_magnitude
        slopes = _magnitude_slope(line, 1) / through_magnitude
    else:
        diameter = circle_diameter(line)
        slopes = _magnitude_slope(line, 1) / abs(line.amplitudes[0])
        slopes = slopes - diameter * _magnitude_slope(line, 0) / abs(line.amplitudes[0])
    full = 2.0 if kind is ResonanceKind.REFLECTION else 1.0
    if not 0.0 < diameter < full * 0.9999:
        return None
    beta = diameter / (full - diameter)
    beta_slopes = slopes * full / (full - diameter) ** 2
    # ln w is the coordinate of the width, and Q_L is proportional to 1 / w.
    q_slopes = loaded_q * beta_slopes
    q_slopes[2 * line.amplitudes.size + 1] -= loaded_q * (1.0 + beta)
    return Coupling(
        unloaded_q=loaded_q * (1.0 + beta),
        unloaded_q_sigma=_sigma(q_slopes, covariance),
        coupling_beta=beta,
        coupling_beta_sigma=_sigma(beta_slopes, covariance),
    )


def _magnitude_slope(line: Line, index: int) -> Reals:
    count = line.amplitudes.size
    slopes = np.zeros(line.shape.coefficient_count)
    value = complex(line.amplitudes[index])
    size = max(abs(value), 1e-300)
    slopes[index], slopes[count + index] = value.real / size, value.imag / size
    return slopes


def _sigma(slopes: Reals, covariance: Reals) -> float:
    return math.sqrt(max(float(slopes @ covariance @ slopes), 0.0))
