"""The arrays in definite-length blocks (IEEE 488.2, section 8.7.9)."""

import numpy as np
import numpy.typing as npt

from instruments.errors import UntrueDataError
from instruments.measurement import TruthFlag
from instruments.scpi.numbers import NOT_A_NUMBER


def decode_reals(
    payload: bytes | bytearray | memoryview, count: int
) -> npt.NDArray[np.float64]:
    """Read little-endian float64 numbers (``FORM REAL,64`` and ``FORM:BORD SWAP``).

    Parameters
    ----------
    payload
        The bytes of a block.
    count
        How many numbers there must be.

    Returns
    -------
    numpy.ndarray
        Float64, shape (count,), all finite; a view of the payload where it can be.

    Raises
    ------
    UntrueDataError
        If the length differs, or a number is NaN, infinite or SCPI's mark for none.
    """
    if len(payload) != 8 * count:
        raise UntrueDataError(
            f"the block holds {len(payload)} bytes, {count} numbers need {8 * count}",
            TruthFlag.POINT_COUNT,
        )
    values = np.frombuffer(payload, dtype="<f8").astype(np.float64, copy=False)
    return check_measured(values)


def check_measured(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return numbers that all were measured.

    Raises
    ------
    UntrueDataError
        If one is NaN, infinite or SCPI's mark for none.
    """
    if values.size and not (
        values.max() < NOT_A_NUMBER and values.min() > -NOT_A_NUMBER
    ):
        at = int(np.argmin(np.abs(values) < NOT_A_NUMBER))
        raise UntrueDataError(
            f"number {at} of the data is {values[at]}, which was not measured",
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
