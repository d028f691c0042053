"""Measured data with what is wrong with them."""

from typing import Final

import numpy as np
import numpy.typing as npt

from instruments.simulation.faults import FaultKind
from instruments.simulation.vna.encoding import NOT_A_NUMBER
from instruments.simulation.wire_faults import WireFaults

_KINDS: Final = (
    FaultKind.WRONG_ENDIAN,
    FaultKind.NOT_A_NUMBER,
    FaultKind.MISSING_POINTS,
    FaultKind.WRONG_LENGTH,
)


def spoiling(faults: WireFaults) -> list[FaultKind]:
    """Return what spoils the data that are asked for now, and use it up."""
    return [kind for kind in _KINDS if faults.takes(kind)]


def spoil(
    values: npt.NDArray[np.float64], kinds: list[FaultKind]
) -> npt.NDArray[np.float64]:
    """Return numbers with some of them wrong or missing.

    Parameters
    ----------
    values
        Numbers as they were measured, any length.
    kinds
        What ``spoiling`` found.
    """
    spoilt = np.array(values, dtype=np.float64)
    middle = spoilt.size // 2
    if FaultKind.NOT_A_NUMBER in kinds:
        spoilt[middle] = np.nan
    if FaultKind.MISSING_POINTS in kinds:
        spoilt[middle:] = NOT_A_NUMBER
    if FaultKind.WRONG_LENGTH in kinds:
        spoilt = spoilt[: max(0, spoilt.size - 2)]
    return spoilt
