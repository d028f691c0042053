"""The end of one HTTP call as a whole, however its bytes come in."""

import os
import socket
import threading
from types import TracebackType
from typing import Any, Self


class Deadline:
    """Breaks the connection of a call that is not over in time.

    A timeout of httpx is one of each read: an answer that drips in a byte at a time
    never breaks it. This watches the connection that the call opens, and shuts it down
    from beside.

    Parameters
    ----------
    timeout_s
        Longest that the block may take, in seconds.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._is_over = False
        self._timer = threading.Timer(timeout_s, self._break_off)
        self._timer.daemon = True

    @property
    def is_over(self) -> bool:
        """Whether the time was up before the block was."""
        return self._is_over

    @property
    def sentence(self) -> str:
        """What went wrong where the time was up."""
        return f"no whole answer within {self._timeout_s:g} s: broken off"

    @property
    def extensions(self) -> dict[str, Any]:
        """What the request must carry for its connection to be watched."""
        return {"trace": self._watch}

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _watch(self, event: str, info: dict[str, Any]) -> None:
        if event != "connection.connect_tcp.complete":
            return
        opened = info["return_value"].get_extra_info("socket")
        with self._lock:
            # A descriptor of its own: TLS will wrap the socket and take its away.
            self._connection = socket.socket(fileno=os.dup(opened.fileno()))
            if self._is_over:
                _shut(self._connection)

    def _break_off(self) -> None:
        with self._lock:
            self._is_over = True
            if self._connection is not None:
                _shut(self._connection)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster
