"""Numbers and arrays as the families write them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

NOT_A_NUMBER = 9.91e37
"""How instruments write a number that is none."""

Values = npt.NDArray[np.float64]


def write_number(value: float) -> str:
    """Write a number as a PNA does: ``+1.00000000000E+009``."""
    mantissa, exponent = f"{value:+.11E}".split("E")
    return f"{mantissa}E{exponent[0]}{int(exponent[1:]):03d}"


def write_signed(value: float) -> str:
    """Write a number as an ENA does: ``+1.00000000000E+09``."""
    return f"{value:+.11E}"


def write_unsigned(value: float) -> str:
    """Write a number with 14 digits and no plus sign."""
    return f"{value:.14E}"


def write_shortest(value: float) -> str:
    """Write a number as an R&S does: whole numbers without a point."""
    return f"{int(value)}" if value == int(value) else repr(float(value))


def write_truth(value: bool) -> str:
    """Write a truth value as 1 or 0."""
    return "1" if value else "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberText:
    """How one family writes what it is asked for.

    Attributes
    ----------
    number, integer
        Writers of settings.
    element
        Writer of one element of an array sent as text.
    error
        Template over ``{number}`` and ``{text}`` of an entry of the error queue.
    no_error
        The whole answer where the queue is empty; None uses the template.
    """

    number: Callable[[float], str]
    integer: Callable[[int], str]
    element: Callable[[float], str]
    error: str
    no_error: str | None = None


def describe_keysight(bit_count: int) -> str:
    """Return ``REAL,+64`` or ``ASC,+0``."""
    return f"REAL,+{bit_count}" if bit_count else "ASC,+0"


def describe_plain(bit_count: int) -> str:
    """Return ``REAL,64`` or ``ASC,0``."""
    return f"REAL,{bit_count}" if bit_count else "ASC,0"


def describe_word(bit_count: int) -> str:
    """Return ``REAL``, ``REAL32`` or ``ASC``."""
    return {0: "ASC", 32: "REAL32"}.get(bit_count, "REAL")


@dataclass(slots=True)
class DataFormat:
    """How arrays are sent: text or IEEE 754 blocks.

    Attributes
    ----------
    bit_count
        0 for text, else 32 or 64.
    is_swapped
        Little endian; instruments start big endian (``FORM:BORD NORM``).
    header_digit_count
        Digits of the length of a block; 0 for as many as it takes, None for blocks
        without a header.
    """

    bit_count: int = 0
    is_swapped: bool = False
    header_digit_count: int | None = 0
    element: Callable[[float], str] = field(default=write_number)

    def key(self, *, is_text: bool) -> tuple[int, bool, int | None]:
        """Return what the bytes of an array depend on."""
        return (
            0 if is_text else self.bit_count,
            self.is_swapped,
            self.header_digit_count,
        )

    def write(
        self, values: Values, *, is_text: bool = False, is_torn: bool = False
    ) -> bytes:
        """Return numbers as text or as a definite-length block.

        Parameters
        ----------
        is_text
            Write text whatever the format says.
        is_torn
            Write a block in the byte order that was not asked for.
        """
        if is_text or not self.bit_count:
            element = self.element
            # SCPI-99 writes "not a number" as this one.
            numbers = np.nan_to_num(values, nan=NOT_A_NUMBER).tolist()
            return ",".join([element(value) for value in numbers]).encode()
        order = "<" if self.is_swapped is not is_torn else ">"
        payload = values.astype(f"{order}f{self.bit_count // 8}").tobytes()
        if self.header_digit_count is None:
            return payload
        length = str(len(payload)).zfill(self.header_digit_count)
        return f"#{len(length)}{length}".encode() + payload
