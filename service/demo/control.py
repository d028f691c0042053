"""The client of the emulated array's control port: JSON lines over TCP."""

import json
import socket
from typing import Any

TIMEOUT_S = 5.0
"""Longest wait for one answer."""


class ControlPort:
    """One connection to the control port of ``halowatch simulate``."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._lines = self._socket.makefile("rb")

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request and return its answer.

        Raises
        ------
        RuntimeError
            If the emulated array refuses the request.
        """
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self._lines.readline() or b"{}")
        if not answer.get("ok", True) or not answer:
            raise RuntimeError(f"the emulated array refused {request}: {answer}")
        return dict(answer)

    def close(self) -> None:
        """Close the connection."""
        self._lines.close()
        self._socket.close()
