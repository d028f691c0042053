"""Names for the arrays that the vocabulary is made of."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FrequencyAxis: TypeAlias = npt.NDArray[np.float64]
"""Frequency axis in Hz, shape (point,), strictly rising."""

TraceArray: TypeAlias = npt.NDArray[np.complex64] | npt.NDArray[np.complex128]
"""One S-parameter, complex, dimensionless, shape (point,)."""
