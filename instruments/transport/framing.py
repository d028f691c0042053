"""Where a definite-length block begins and how long it is (IEEE 488.2, 8.7.9)."""

from instruments.errors import GarbledReplyError

MAX_BLOCK_BYTES = 64 * 1024 * 1024
"""Longest payload that is taken from an instrument."""

MAX_LINE_BYTES = 1024 * 1024
"""Longest text reply that is taken from an instrument."""


BYTES_PER_S = 1_000_000
"""Slowest transfer that a deadline for a block allows for."""


def parse_digit_count(head: bytes | bytearray) -> int:
    """Read the first two bytes of a block, ``#n``: n digits of length follow.

    Raises
    ------
    GarbledReplyError
        If no definite-length block begins here.
    """
    if len(head) != 2 or head[:1] != b"#" or head[1:] not in b"123456789":
        raise GarbledReplyError(
            f"a block should begin with #1 to #9, not with {head[:20]!r}"
        )
    return int(head[1:])


def parse_length(digits: bytes | bytearray) -> int:
    """Read the length field of a block.

    Returns
    -------
    int
        Bytes of payload that follow.

    Raises
    ------
    GarbledReplyError
        If the field is no number or announces more than ``MAX_BLOCK_BYTES``.
    """
    if not digits.isdigit():
        raise GarbledReplyError(f"{digits[:20]!r} is no length of a block")
    length = int(digits)
    if length > MAX_BLOCK_BYTES:
        raise GarbledReplyError(
            f"a block announces {length} bytes, at most {MAX_BLOCK_BYTES} are taken"
        )
    return length


def find_payload(received: bytes | bytearray) -> tuple[int, int] | None:
    """Find where the payload of a block begins and ends in what has come of it.

    Returns
    -------
    tuple of int, or None
        First byte and end of the payload; None while the head is not complete.

    Raises
    ------
    GarbledReplyError
        If no definite-length block begins here.
    """
    if len(received) < 2:
        return None
    begin = 2 + parse_digit_count(received[:2])
    if len(received) < begin:
        return None
    return begin, begin + parse_length(received[2:begin])


def check_block_end(end: bytes | bytearray | memoryview, length: int) -> None:
    """Refuse anything but the end of the line behind a block.

    Raises
    ------
    GarbledReplyError
        If something else follows.
    """
    if bytes(end).strip(b"\r\n"):
        raise GarbledReplyError(f"{len(end)} bytes follow a block of {length} bytes")


def decode_line(line: bytes | bytearray) -> str:
    """Read a text reply without its terminator.

    Raises
    ------
    GarbledReplyError
        If it is no ASCII text.
    """
    try:
        return line.decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError:
        raise GarbledReplyError(f"the reply {line[:40]!r} is no ASCII text") from None
