r"""The line of one mode, in five shapes of growing freedom.

With :math:`x` the frequency offset in half spans,
:math:`S = [a + b / (1 + j (x - x_0) / w) + g (x - x_0) + h (x - x_0)^2]
e^{j \phi (x - x_0)}`.
The shapes with six, seven and eight real coefficients are the equations 21, 26 and
43 of NPL Report MAT 58 (A. P. Gregory, 2021); the next one has both extras. A
background that multiplies the line instead, as standing waves do, is of the same
family: :math:`(x - x_0) / (1 + j (x - x_0) / w)` is a constant and a line.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Complexes: TypeAlias = npt.NDArray[np.complex128]
Reals: TypeAlias = npt.NDArray[np.float64]


class LineShape(StrEnum):
    """What surrounds the resonance."""

    PLAIN = "plain"
    """Constant leakage (MAT 58 equation 21, NLQFIT6)."""

    LINE = "line"
    """A length of uncalibrated line (equation 26, NLQFIT7)."""

    LEAKAGE = "leakage"
    """Leakage that changes with frequency (equation 43, NLQFIT8)."""

    LINE_AND_LEAKAGE = "line_and_leakage"
    """Both."""

    CURVED = "curved"
    """Both, and leakage that is curved as by a standing wave."""

    @property
    def has_line(self) -> bool:
        """Whether the phase of a line is part of the shape."""
        return self not in {LineShape.PLAIN, LineShape.LEAKAGE}

    @property
    def fits_phase(self) -> bool:
        """Whether that phase is fitted; curved leakage takes up what is left of it."""
        return self.has_line and self is not LineShape.CURVED

    @property
    def degree(self) -> int:
        """Degree of the leakage as a polynomial."""
        if self is LineShape.CURVED:
            return 2
        return int(self in {LineShape.LEAKAGE, LineShape.LINE_AND_LEAKAGE})

    @property
    def coefficient_count(self) -> int:
        """Real coefficients of the shape."""
        return 6 + self.fits_phase + 2 * self.degree


@dataclass(frozen=True, slots=True)
class Line:
    """A line on the normalised axis.

    Attributes
    ----------
    centre, half_width
        x0 and w, in half spans.
    phase_slope
        phi in rad per half span.
    amplitudes
        a, b and, as far as the shape has them, g and h; shape (2 to 4,).
    """

    shape: LineShape
    centre: float
    half_width: float
    phase_slope: float
    amplitudes: Complexes


def basis(
    shape: LineShape, offset: Reals, centre: float, half_width: float, phase: float
) -> Complexes:
    """Return what the amplitudes multiply.

    Parameters
    ----------
    offset
        x in half spans, shape (point,).
    centre, half_width, phase
        x0, w in half spans and phi in rad per half span.

    Returns
    -------
    Complexes
        Columns of 1, Lorentzian and the powers of the leakage that the shape has;
        shape (point, 2 to 4).
    """
    distance = offset - centre
    columns = np.ones((offset.size, 2 + shape.degree), dtype=np.complex128)
    columns[:, 1] = 1.0 / (1.0 + 1j * distance / half_width)
    for power in range(1, shape.degree + 1):
        columns[:, 1 + power] = distance**power
    if shape.has_line:
        columns *= np.exp(1j * phase * distance)[:, None]
    return columns


def solve_amplitudes(columns: Complexes, values: Complexes) -> Complexes:
    """Return the least-squares amplitudes, shape (column,) or (column, value).

    Parameters
    ----------
    columns
        Shape (point, column).
    values
        Shape (point,), or (point, value) to solve for several at once.
    """
    adjoint = columns.conj().T
    return solve_normal(adjoint @ columns, adjoint @ values)


def solve_normal(normal: Complexes, values: Complexes) -> Complexes:
    """Solve normal equations, shape (column, column); values as for amplitudes.

    The diagonal of ``normal`` is changed in place.
    """
    # A whisper of damping keeps columns that look alike from blowing up.
    np.einsum("ii->i", normal)[:] *= 1.0 + 1e-13
    return np.asarray(np.linalg.solve(normal, values))


def angular_weights(offset: Reals, centre: float, half_width: float) -> Reals:
    """Return MAT 58 equation 28: points weigh as they move around the Q-circle."""
    return np.asarray(1.0 / (1.0 + ((offset - centre) / half_width) ** 2))


def jacobian(line: Line, offset: Reals) -> Reals:
    """Return the derivatives of the line.

    Parameters
    ----------
    line
        The line.
    offset
        x in half spans, shape (point,).

    Returns
    -------
    Reals
        Shape (2 point, coefficient): real above imaginary rows; columns are real and
        imaginary parts of the amplitudes, then x0, ln w and, if it is fitted, phi.
    """
    columns = basis(line.shape, offset, line.centre, line.half_width, line.phase_slope)
    slopes = shape_derivatives(line, offset, columns @ line.amplitudes)
    derivatives = np.concatenate([columns, 1j * columns, slopes], axis=1)
    return np.concatenate([derivatives.real, derivatives.imag])


def shape_derivatives(line: Line, offset: Reals, value: Complexes) -> Complexes:
    """Return the derivatives by x0, ln w and phi.

    Parameters
    ----------
    value
        The line itself, shape (point,).

    Returns
    -------
    Complexes
        Shape (point, 2), or (point, 3) where the phase is fitted.
    """
    distance = offset - line.centre
    lorentzian = 1.0 / (1.0 + 1j * distance / line.half_width)
    slopes = np.empty((offset.size, 2 + line.shape.fits_phase), np.complex128)
    slopes[:, 0] = (line.amplitudes[1] * 1j / line.half_width) * lorentzian**2
    slopes[:, 1] = slopes[:, 0] * distance
    for power in range(1, line.shape.degree + 1):
        slopes[:, 0] -= power * line.amplitudes[1 + power] * distance ** (power - 1)
    if line.shape.has_line:
        slopes[:, :2] *= np.exp(1j * line.phase_slope * distance)[:, None]
        slopes[:, 0] -= 1j * line.phase_slope * value
    if line.shape.fits_phase:
        slopes[:, 2] = 1j * distance * value
    return slopes
