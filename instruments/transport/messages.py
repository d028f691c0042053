"""Lines and blocks from a VISA session that marks the end of each message."""

import contextlib
import time
from typing import Any

from pyvisa.constants import StatusCode

from instruments.errors import GarbledReplyError, InstrumentTimeoutError
from instruments.transport.framing import BYTES_PER_S, check_block_end, find_payload

_CHUNK_BYTES = 1024 * 1024
_LINE_BYTES = 4096
_HEAD_BYTES = 64
_LONGEST_WITHOUT_HEAD_BYTES = 11


class VisaMessages:
    """Messages of one VISA session, over HiSLIP, VXI-11 or another library's socket.

    Parameters
    ----------
    session
        The pyvisa resource.
    marks_end
        Whether the transport marks the end of a message; a socket does not, and a read
        from it may stop at any newline.
    """

    def __init__(self, session: Any, *, marks_end: bool) -> None:
        self._session = session
        self._marks_end = marks_end
        self._library = session.visalib
        # A reply that is longer than one read is no reason to warn.
        self._warnings = contextlib.ExitStack()
        self._warnings.enter_context(
            session.ignore_warning(StatusCode.success_max_count_read)
        )

    def send(self, data: bytes, deadline_s: float) -> None:
        """Send a message; the session has its own timeout for that."""
        del deadline_s
        self._library.write(self._session.session, data)

    def read_line(self, deadline_s: float, max_bytes: int) -> bytes | bytearray:
        """Read through the next newline, or to the end of the message.

        Raises
        ------
        GarbledReplyError
            If the line is longer than ``max_bytes``.
        InstrumentTimeoutError
            If it does not come whole.
        """
        received, has_ended = self._read(_LINE_BYTES, deadline_s)
        while not has_ended and not received.endswith(b"\n"):
            if len(received) > max_bytes:
                raise GarbledReplyError(f"a line exceeds {max_bytes} bytes")
            more, has_ended = self._read(_CHUNK_BYTES, deadline_s)
            received += more
        return received

    def read_block(self, deadline_s: float, likely_bytes: int) -> memoryview:
        """Read a block and the rest of its message.

        Parameters
        ----------
        deadline_s
            Time on the monotonic clock until which the head must come.
        likely_bytes
            Payload that is expected; saves reads.

        Returns
        -------
        memoryview
            The payload.

        Raises
        ------
        GarbledReplyError
            If it is no block, ends too early, or something follows it.
        InstrumentTimeoutError
            If it does not come whole.
        """
        received, has_ended = self._read(likely_bytes + _HEAD_BYTES, deadline_s)
        while (payload := find_payload(received)) is None:
            if has_ended:
                raise GarbledReplyError("the reply ends too early")
            more, has_ended = self._read(_LONGEST_WITHOUT_HEAD_BYTES, deadline_s)
            received += more
        begin, end = payload
        deadline_s += (end - begin) / BYTES_PER_S
        while not has_ended and not (len(received) > end and received[-1:] == b"\n"):
            missing = max(end - len(received), 0) + 2
            more, has_ended = self._read(missing, deadline_s)
            received += more
        if len(received) < end:
            raise GarbledReplyError("the reply ends too early")
        view = memoryview(received)
        check_block_end(view[end:], end - begin)
        return view[begin:end]

    def _read(self, count: int, deadline_s: float) -> tuple[bytes | bytearray, bool]:
        if time.monotonic() > deadline_s:
            raise InstrumentTimeoutError("no whole reply before the deadline")
        chunk, status = self._library.read(
            self._session.session, min(count, _CHUNK_BYTES)
        )
        is_whole = self._marks_end and status != StatusCode.success_max_count_read
        return chunk, is_whole or not chunk
