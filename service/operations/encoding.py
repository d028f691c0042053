"""A process that checks, hashes and compresses long sweeps, beside the API's.

``python -m service.operations.encoding SOCKET MEMORY ROOMS``, with two descriptors and
a count. It ends when the other end of the socket is closed, which the kernel does
however the API ends.
"""

import signal
import socket
import sys
from typing import Any

import numpy as np

from instruments.clock import SystemClock
from instruments.measurement.long_bodies import unpack_long
from instruments.measurement.message import decode_sweep
from service.interpreter import tune_interpreter
from service.operations.encoded_records import EDITION, JOB, frame, to_record
from service.operations.preparing import SweepPreparer
from service.operations.shared_rooms import SharedRooms
from service.storage.identifiers import TimeOrderedIds

_TOGETHER = 4
"""Answers that are sent at once where so many jobs wait: each time the event loop is
woken up costs it more than to take an answer."""


class Encoder:
    """Turns bodies in rooms into records, and puts the blobs beside the bodies."""

    def __init__(self, rooms: SharedRooms, preparer: SweepPreparer) -> None:
        self._rooms = rooms
        self._preparer = preparer

    def encode(self, number: int, size_bytes: int) -> dict[str, Any] | None:
        """Encode the only sweep of a body.

        Returns
        -------
        dict
            Its record, with the place of its axis in the body and the length of its
            blob; None where the API has to look at the body itself: it is not of the
            usual form, or something is wrong with it.
        """
        body = self._rooms.body(number, size_bytes)
        try:
            return self._encode(number, body)
        except Exception:  # noqa: BLE001 - the API comes to the same, and answers it
            return None

    def _encode(self, number: int, body: memoryview) -> dict[str, Any] | None:
        message = unpack_long(body)
        axis = None if message is None else message.get("frequency_hz")
        if not isinstance(axis, memoryview):
            return None
        sweep = self._preparer.prepare(decode_sweep(message), is_hurried=True)
        if not self._rooms.put_blob(number, sweep.payload):
            return None
        start = _address(axis) - _address(body)
        return {
            **to_record(sweep),
            "axis": (start, start + axis.nbytes),
            "payload_bytes": len(sweep.payload),
        }


def _address(view: memoryview) -> int:
    return int(np.frombuffer(view, np.uint8).ctypes.data)


def main() -> None:
    """Answer job by job until nobody gives any more."""
    # A terminal and systemd tell all processes to end; this one ends after the API.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    channel = socket.socket(fileno=int(sys.argv[1]))
    clock = SystemClock()
    rooms = SharedRooms(int(sys.argv[2]), int(sys.argv[3]))
    encoder = Encoder(rooms, SweepPreparer(clock, TimeOrderedIds(clock)))
    tune_interpreter()
    try:
        channel.sendall(frame(EDITION))
        _serve(channel, encoder)
    except ConnectionError:
        # The API is gone, with jobs open.
        return


def _serve(channel: socket.socket, encoder: Encoder) -> None:
    received = b""
    while data := channel.recv(4096):
        received += data
        end = len(received) // JOB.size * JOB.size
        answers = []
        for number, size_bytes in JOB.iter_unpack(received[:end]):
            answers.append(frame((number, encoder.encode(number, size_bytes))))
            if len(answers) == _TOGETHER:
                channel.sendall(b"".join(answers))
                answers = []
        channel.sendall(b"".join(answers))
        received = received[end:]


if __name__ == "__main__":
    main()
