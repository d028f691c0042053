"""From the Q-circle to the unloaded Q, the coupling, and which side of one it is."""

import cmath
import math
from dataclasses import dataclass

import numpy as np

from models.diagnosis import ResonanceKind
from models.fitting.lineshape import Complexes, Line, Reals
from models.fitting.spread import root_of

_HERMITE_NODES, _HERMITE_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_SMALLEST_LEAK = 1e-4
_CORRECTION_COUNT = 3
_LARGEST_CORRECTION = 0.2


@dataclass(frozen=True, slots=True)
class Coupling:
    """Unloaded Q, external Q and beta = Q_0 / Q_e, each with its uncertainty."""

    unloaded_q: float
    unloaded_q_sigma: float
    coupling_q: float
    coupling_q_sigma: float
    coupling_beta: float
    coupling_beta_sigma: float


@dataclass(frozen=True, slots=True)
class _Diameter:
    """What of the Q-circle the coupling follows from, with its slopes."""

    value: float
    slopes: Reals


def circle(line: Line) -> complex:
    """Return the vector from the off-resonant point across the Q-circle, -b / a.

    Its length is the diameter over the off-resonant level, its argument the rotation.
    A background that changes behind an uncalibrated line is a standing wave, which
    multiplies the whole trace: with u = w / j its slope g puts -d u g into a and d u g
    into b, and is taken out again.
    """
    off, on = complex(line.amplitudes[0]), complex(line.amplitudes[1])
    off = off if abs(off) > 0.0 else 1e-300 + 0j
    vector = -on / off
    if not (line.shape.has_line and line.shape.degree):
        return vector
    unit = -1j * line.half_width
    slope = complex(line.amplitudes[2])
    bend = complex(line.amplitudes[3]) if line.shape.degree > 1 else 0j
    first = vector
    for _ in range(_CORRECTION_COUNT):
        pull = unit * (slope + vector * unit * bend) - unit**2 * bend
        change = vector * (1.0 - vector) * pull / off
        if abs(change) > _LARGEST_CORRECTION * abs(first):
            return first
        vector = first + change
    return vector


def couple(
    kind: ResonanceKind,
    line: Line,
    covariance: Reals,
    loaded_q: float,
    through_magnitude: float | None,
) -> Coupling | None:
    r"""Return the coupling where the kind of line allows it.

    Reflection: beta = d / (2 - d). Notch: beta = d / (1 - d). Transmission needs
    |S21| of a through in place of the resonator, and then Q_0 = Q_L / (1 - d)
    (MAT 58 sections 2.5 and 6; the same as ``skrf.qfactor.Qfactor.Q_unloaded``).

    The diameter d is \|b / a\| for a trace without a line, as in MAT 58. Behind an
    uncalibrated line mismatch rotates the circle and makes it larger, and then
    d = Re(-b / a) (Khalil et al., J. Appl. Phys. 111, 054510, 2012).

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
    diameter = _diameter(kind, line, covariance.shape[0], through_magnitude)
    if diameter is None:
        return None
    full, value = _full(kind), diameter.value
    if not 0.0 < value < full * 0.9999:
        return None
    beta = value / (full - value)
    beta_slopes = diameter.slopes * full / (full - value) ** 2
    width = _unit(2 * line.amplitudes.size + 1, covariance.shape[0])
    # ln w is the coordinate of the width, and Q_L is proportional to 1 / w.
    q_slopes = loaded_q * (beta_slopes - (1.0 + beta) * width)
    outer_slopes = -loaded_q * (beta_slopes / beta**2 + (1.0 + 1.0 / beta) * width)
    return Coupling(
        unloaded_q=loaded_q * (1.0 + beta),
        unloaded_q_sigma=_sigma(q_slopes, covariance),
        coupling_q=loaded_q * (1.0 + 1.0 / beta),
        coupling_q_sigma=_sigma(outer_slopes, covariance),
        coupling_beta=beta,
        coupling_beta_sigma=_sigma(beta_slopes, covariance),
    )


def overcoupled_probability(
    kind: ResonanceKind, line: Line, covariance: Reals
) -> float | None:
    """Return the probability of beta > 1, from the whole circle.

    A leak past the cavity adds a constant of unknown phase to the trace. Its part
    across the circle shows as rotation; the part along it does not, and shifts the
    diameter. Leaks of any size and phase alike beforehand, the unseen part is spread
    as a Cauchy distribution as wide as the seen one. Noise is added to it, and only
    diameters of passive resonators are admitted.

    Returns
    -------
    float or None
        None in transmission, where the circle does not tell the coupling.
    """
    diameter = _diameter(kind, line, covariance.shape[0], None)
    if diameter is None:
        return None
    sigma = _sigma(diameter.slopes, covariance)
    across = circle(line).imag
    leak = math.hypot(across, _SMALLEST_LEAK, sigma)
    full = _full(kind)
    values = diameter.value + sigma * _HERMITE_NODES
    below, half, top = (
        np.arctan((edge - values) / leak) for edge in (0.0, 0.5 * full, full)
    )
    admitted = _HERMITE_WEIGHTS @ (top - below)
    return float(np.clip(_HERMITE_WEIGHTS @ (top - half) / admitted, 0.0, 1.0))


def rotation(line: Line) -> float:
    """Return the rotation of the Q-circle in rad, 0 where nothing disturbs it."""
    return cmath.phase(circle(line))


def _full(kind: ResonanceKind) -> float:
    return 2.0 if kind is ResonanceKind.REFLECTION else 1.0


def _diameter(
    kind: ResonanceKind, line: Line, count: int, through_magnitude: float | None
) -> _Diameter | None:
    off, on = complex(line.amplitudes[0]), complex(line.amplitudes[1])
    if kind is ResonanceKind.TRANSMISSION:
        if through_magnitude is None:
            return None
        value = abs(on) / through_magnitude
        by_on = on.conjugate() / max(abs(on), 1e-300) / through_magnitude
        return _Diameter(value, _slopes_by(line.amplitudes, count, 0j, by_on))
    vector = circle(line)
    # Slopes of Re(vector * turn): the length of the vector, or its real part.
    turn = 1.0 if line.shape.has_line else vector.conjugate() / max(abs(vector), 1e-300)
    level = off if abs(off) > 0.0 else 1e-300
    slopes = _slopes_by(
        line.amplitudes, count, -turn * vector / level, -turn / complex(level)
    )
    return _Diameter((vector * turn).real, slopes)


def _slopes_by(
    amplitudes: Complexes, count: int, by_off: complex, by_on: complex
) -> Reals:
    """Return slopes of a real part by all coefficients, from its complex ones."""
    slopes = np.zeros(count)
    for index, slope in ((0, by_off), (1, by_on)):
        slopes[index] = slope.real
        slopes[amplitudes.size + index] = -slope.imag
    return slopes


def _unit(index: int, count: int) -> Reals:
    unit = np.zeros(count)
    unit[index] = 1.0
    return unit


def _sigma(slopes: Reals, covariance: Reals) -> float:
    return root_of(float(slopes @ covariance @ slopes))
