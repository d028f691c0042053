"""The arrays in definite-length blocks (IEEE 488.2, section 8.7.9)."""

import numpy as np
import numpy.typing as npt

from instruments.errors import GarbledReplyError
from instruments.scpi.numbers import NOT_A_NUMBER


def decode_reals(payload: bytes, count: int) -> npt.NDArray[np.float64]:
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
        Float64, shape (count,), all finite.

    Raises
    ------
    GarbledReplyError
        If the length differs, or a number is NaN, infinite or SCPI's mark for none.
    """
    if len(payload) != 8 * count:
        raise GarbledReplyError(
            f"the block holds {len(payload)} bytes, {count} numbers need {8 * count}"
        )
    values = np.frombuffer(payload, dtype="<f8").astype(np.float64, copy=False)
    measured = np.abs(values) < NOT_A_NUMBER
    if not measured.all():
        at = int(np.argmin(measured))
        raise GarbledReplyError(
            f"number {at} of the block is {values[at]}, which was not measured"
        )
    return values


def decode_complex(payload: bytes, point_count: int) -> npt.NDArray[np.complex128]:
    """Read complex numbers as pairs of real and imaginary part.

    Returns
    -------
    numpy.ndarray
        Complex128, shape (point_count,), all finite.

    Raises
    ------
    GarbledReplyError
        As ``decode_reals``, for 2 x ``point_count`` numbers.
    """
    return decode_reals(payload, 2 * point_count).view(np.complex128)
