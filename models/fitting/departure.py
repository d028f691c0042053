r"""How a line departs from a Lorentzian, told from its residuals in one step.

A frequency that moves while the line is swept moves the trace *along* its Q-circle.
Smooth motion hides: to first order any polynomial drift is taken up by centre, width,
rotation and background. What shows is motion that changes from point to point
(jitter), and motion that follows the power in the resonator (Kerr). A loss that follows
the power moves the trace *across* the circle.
"""

import math
from dataclasses import dataclass

import numpy as np

from models.fitting.lineshape import Complexes, Reals, angular_weights, jacobian
from models.fitting.refine import RefinedLine, correlation_of

_EVIDENCE = 10.0
_NEAR_LINE = 2.0
_LEAST_NEAR_COUNT = 8
_JITTER_EVIDENCE = 5.0


@dataclass(frozen=True, slots=True)
class Departure:
    """First-order departures; zero where there is no strong evidence for one.

    Attributes
    ----------
    shift_ratio
        Kerr shift at the peak, in half widths.
    loss_ratio
        Change of the loss at the peak, over the loss of the fitted line.
    wander_fraction
        Motion of the centre from point to point, rms, in half spans.
    """

    shift_ratio: float = 0.0
    loss_ratio: float = 0.0
    wander_fraction: float = 0.0


def departure_of(offset: Reals, refined: RefinedLine) -> Departure:
    """Look for departures in the residuals of a fitted line.

    Parameters
    ----------
    offset
        x in half spans, shape (point,).
    """
    line = refined.line
    slopes = jacobian(line, offset)
    root = np.sqrt(angular_weights(offset, line.centre, line.half_width))
    twice = np.tile(root, 2)
    base, _ = np.linalg.qr(slopes * twice[:, None])
    error = _stacked(refined.residual) * twice
    lorentzian = 1.0 / (1.0 + 1j * (offset - line.centre) / line.half_width)
    bend = line.amplitudes[1] * np.abs(lorentzian) ** 2 * lorentzian**2
    if line.shape.has_line:
        bend = bend * np.exp(1j * line.phase_slope * (offset - line.centre))
    shift, loss = (
        _along(base, _stacked(turn * bend) * twice, error) for turn in (1j, -1.0)
    )
    return Departure(shift, loss, wander_of(offset, refined))


def _along(base: Reals, direction: Reals, error: Reals) -> float:
    """Return how far to go in a direction that the line cannot follow, or zero."""
    free = direction - base @ (base.T @ direction)
    length = float(free @ free)
    if length <= 1e-12 * float(direction @ direction):
        return 0.0
    size = float(free @ error) / length
    left = error - size * free
    before, after = float(error @ error), float(left @ left)
    half = error.size // 2
    rest = correlation_of(left[:half] + 1j * left[half:])
    count = error.size * (1.0 - rest) / (1.0 + rest)
    gain = count * math.log(before / max(after, 1e-300)) if after > 0.0 else math.inf
    return size if gain - math.log(count + 2.0) > _EVIDENCE else 0.0


def wander_of(offset: Reals, refined: RefinedLine) -> float:
    """Return the motion of the centre from point to point, rms in half spans.

    Residuals along the circle are compared with those across it; zero where they are
    alike.
    """
    line = refined.line
    distance = (offset - line.centre) / line.half_width
    near = np.abs(distance) < _NEAR_LINE
    count = int(near.sum())
    if count < _LEAST_NEAR_COUNT:
        return 0.0
    slope = line.amplitudes[1] / line.half_width * 1j / (1 + 1j * distance[near]) ** 2
    if line.shape.has_line:
        turn = line.phase_slope * line.half_width * distance[near]
        slope = slope * np.exp(1j * turn)
    turned = refined.residual[near] * slope.conj() / np.abs(slope)
    # From point to point, or a wrong shape would be taken for motion.
    along, across = (
        0.5 * float(part @ part)
        for part in (np.diff(turned.real), np.diff(turned.imag))
    )
    ratio = math.log(max(along, 1e-300) / max(across, 1e-300))
    # Differences of neighbours share a point: two thirds of them are independent.
    if ratio < _JITTER_EVIDENCE * 2.0 / math.sqrt(count / 1.5):
        return 0.0
    steepness = float((np.abs(slope) ** 2).sum())
    return math.sqrt(max(along - across, 0.0) / steepness)


def _stacked(values: Complexes) -> Reals:
    return np.concatenate([values.real, values.imag])
