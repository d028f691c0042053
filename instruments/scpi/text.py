"""The arrays in text replies."""

import numpy as np
import numpy.typing as npt

from instruments.errors import GarbledReplyError, UntrueDataError
from instruments.measurement import TruthFlag
from instruments.scpi.block import check_measured
from instruments.scpi.numbers import NOT_A_NUMBER


def decode_numbers(
    reply: str, count: int, *, limit: float = NOT_A_NUMBER
) -> npt.NDArray[np.float64]:
    """Read numbers between commas (``FORM ASC``), all of magnitudes below a limit.

    Returns
    -------
    numpy.ndarray
        Float64, shape (count,), all finite.

    Raises
    ------
    GarbledReplyError
        If something is no number.
    UntrueDataError
        If there are more or fewer, or one was not measured or is too large.
    """
    parts = reply.split(",")
    if len(parts) != count:
        raise UntrueDataError(
            f"the reply holds {len(parts)} numbers, {count} were asked for",
            TruthFlag.POINT_COUNT,
        )
    try:
        values = np.array([float(part) for part in parts])
    except ValueError as error:
        raise GarbledReplyError(f"a reply of numbers breaks off: {error}") from None
    return check_measured(values, limit)


def decode_triples(reply: str, point_count: int) -> npt.NDArray[np.float64]:
    """Read ``[frequency,real,imaginary],[...]``.

    Returns
    -------
    numpy.ndarray
        Float64, shape (point_count, 3), all finite.

    Raises
    ------
    GarbledReplyError, UntrueDataError
        As ``decode_numbers``.
    """
    bare = reply.replace("[", "").replace("]", "").strip().strip(",")
    return decode_numbers(bare, 3 * point_count).reshape(point_count, 3)
