"""The arrays in definite-length blocks (IEEE 488.2, section 8.7.9)."""

import numpy as np
import numpy.typing as npt

from instruments.errors import UntrueDataError
from instruments.measurement import TruthFlag
from instruments.scpi.numbers import NOT_A_NUMBER


def decode_reals(
    payload: bytes | bytearray | memoryview,
    count: int,
    *,
    limit: float = NOT_A_NUMBER,
) -> npt.NDArray[np.float64]:
    """Read little-endian float64 numbers (``FORM REAL,64`` and ``FORM:BORD SWAP``).

    Parameters
    ----------
    payload
        The bytes of a block.
    count
        How many numbers there must be.
    limit
        Magnitude that all numbers are below.

    Returns
    -------
    numpy.ndarray
        Float64, shape (count,), all finite; a view of the payload where it can be.

    Raises
    ------
    UntrueDataError
        If the length differs, or a number is NaN, infinite, SCPI's mark for none or
        not below the limit.
    """
    if len(payload) != 8 * count:
        raise UntrueDataError(
            f"the block holds {len(payload)} bytes, {count} numbers need {8 * count}",
            TruthFlag.POINT_COUNT,
        )
    values = np.frombuffer(payload, dtype="<f8").astype(np.float64, copy=False)
    return check_measured(values, limit)


def check_measured(
    values: npt.NDArray[np.float64], limit: float = NOT_A_NUMBER
) -> npt.NDArray[np.float64]:
    """Return numbers that all were measured.

    Raises
    ------
    UntrueDataError
        If one is NaN, infinite, SCPI's mark for none or not below the limit.
    """
    if values.size and not (values.max() < limit and values.min() > -limit):
        at = int(np.argmin(np.abs(values) < limit))
        is_missing = not abs(values[at]) < NOT_A_NUMBER
        reason = "was not measured" if is_missing else "no receiver puts out"
        raise UntrueDataError(
            f"number {at} of the data is {values[at]:.6g}, which {reason}",
            TruthFlag.NOT_FINITE,
        )
    return values


def as_complex(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """Read numbers as pairs of real and imaginary part.

    Parameters
    ----------
    parts
        Float64, shape (2 point,).

    Returns
    -------
    numpy.ndarray
        Complex128, shape (point,), a view.
    """
    return parts.view(np.complex128)
