"""Numbers as a Keysight PNA writes them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


def write_number(value: float) -> str:
    """Write a number as a PNA does: ``+1.00000000000E+009``."""
    mantissa, exponent = f"{value:+.11E}".split("E")
    return f"{mantissa}E{exponent[0]}{int(exponent[1:]):03d}"


def write_truth(value: bool) -> str:
    """Write a truth value as 1 or 0."""
    return "1" if value else "0"


@dataclass(slots=True)
class DataFormat:
    """How arrays are sent: text or IEEE 754 blocks.

    Attributes
    ----------
    bit_count
        0 for text, else 32 or 64.
    is_swapped
        Little endian; a PNA starts big endian (``FORM:BORD NORM``).
    """

    bit_count: int = 0
    is_swapped: bool = False

    def describe(self) -> str:
        """Return the answer to ``FORM?``."""
        return f"REAL,+{self.bit_count}" if self.bit_count else "ASC,+0"

    def write(self, values: npt.NDArray[np.float64]) -> bytes:
        """Return numbers as text or as a definite-length block."""
        if not self.bit_count:
            return ",".join(write_number(value) for value in values).encode()
        order = "<" if self.is_swapped else ">"
        payload = values.astype(f"{order}f{self.bit_count // 8}").tobytes()
        length = str(len(payload))
        return f"#{len(length)}{length}".encode() + payload
