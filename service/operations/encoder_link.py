"""The API's end of the encoder: gives it bodies, and does without it where it fails."""

import asyncio
import math
import os
import socket
import subprocess
import sys
from typing import Any

import numpy as np
import structlog

from instruments.clock import Clock
from instruments.measurement import FrequencyAxis
from instruments.measurement.known_axes import MOST_AXES
from instruments.measurement.long_bodies import Body, may_be_long
from service.operations.encoded_records import EDITION, JOB, from_record, unframe
from service.operations.shared_rooms import SharedRooms, room_of
from service.storage.records import NewSweep

ROOMS = 64
"""Bodies that may be in hand at once; others are encoded by the API itself."""

STALL_S = 5.0
"""Longest time without an answer while a body waits for one, in seconds."""

RESTART_S = 30.0
"""Least time between two starts, in seconds."""

END_S = 2.0
"""How long it may take to end, in seconds, before it is killed."""

_log = structlog.get_logger(__name__)


class EncoderLink:
    """Runs an encoder from the first time that one is wanted, and asks it.

    All calls are made in one event loop. A body that the encoder does not answer for
    whatever reason is the caller's again, as if there were no encoder.

    Parameters
    ----------
    stall_s
        An encoder that answers nothing for so long is ended, in seconds.
    """

    def __init__(self, clock: Clock, *, stall_s: float = STALL_S) -> None:
        self._clock = clock
        self._stall_s = stall_s
        self._rooms: SharedRooms | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_wanted = False
        self._is_ready = False
        self._next_start_s = 0.0
        self._pending: dict[int, tuple[asyncio.Future[NewSweep | None], Body]] = {}
        self._answer_count = 0
        self._watching: asyncio.TimerHandle | None = None
        self._axes: dict[str, FrequencyAxis] = {}
        self._received = bytearray()

    @property
    def pid(self) -> int | None:
        """Process id of the encoder; None where none runs, or none is ready yet."""
        return self._process.pid if self._process and self._is_ready else None

    def lend(self, size_bytes: int) -> memoryview | None:
        """Lend memory for a body that :meth:`prepare` may be asked for.

        Returns
        -------
        memoryview
            Of that length; None where there is no encoder (it may be started by this
            call), no room, or no need.
        """
        if self._is_ready:
            assert self._rooms is not None
            return self._rooms.lend(size_bytes)
        if self._is_wanted and self._process is None:
            self._start()
        return None

    async def prepare(self, body: Body) -> NewSweep | None:
        """Have the encoder check, hash and encode the only sweep of a body, in a hurry.

        Returns
        -------
        NewSweep
            None where the caller has to look at the body itself.
        """
        if not may_be_long(body):
            return None
        number = room_of(body)
        if number is None or not self._is_ready:
            self._is_wanted = True
            return None
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[NewSweep | None] = loop.create_future()
        # Held here too, so that nobody gets the room while the encoder reads it.
        self._pending[number] = waiting, body
        try:
            self._channel.send(JOB.pack(number, len(body)))
        except OSError:
            del self._pending[number]
            return None
        if self._watching is None:
            self._watch(loop)
        return await waiting

    def close(self) -> None:
        """End the encoder; it is not started again."""
        self._next_start_s = math.inf
        if self._process is not None:
            self._bury(is_asked=True)

    def _start(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s < self._next_start_s:
            return
        self._next_start_s = now_s + RESTART_S
        if not _is_worth_it():
            return
        try:
            self._rooms = self._rooms or SharedRooms.make(ROOMS)
            self._channel, theirs = socket.socketpair()
        except OSError as error:
            _log.warning("encoder_not_started", reason=str(error))
            return
        files = theirs.fileno(), self._rooms.file
        numbers = [str(number) for number in (*files, self._rooms.count)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "service.operations.encoding", *numbers],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=files,
            )
        except OSError as error:
            self._channel.close()
            _log.warning("encoder_not_started", reason=str(error))
            return
        finally:
            theirs.close()
        self._channel.setblocking(False)
        self._received.clear()
        asyncio.get_running_loop().add_reader(self._channel, self._read)

    def _read(self) -> None:
        try:
            data = self._channel.recv(64 * 1024)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._bury(is_asked=False)
            return
        self._received += data
        for answer in unframe(self._received):
            if self._is_ready:
                self._settle(*answer)
            elif answer == EDITION:
                self._is_ready = True
            else:
                self._bury(is_asked=False)
                return

    def _settle(self, number: int, record: dict[str, Any] | None) -> None:
        self._answer_count += 1
        waiting, body = self._pending.pop(number)
        if not waiting.done():
            sweep = None if record is None else self._sweep(number, body, record)
            waiting.set_result(sweep)

    def _sweep(self, number: int, body: Body, record: dict[str, Any]) -> NewSweep:
        assert self._rooms is not None
        name = record["axis_hash"]
        axis = self._axes.get(name)
        if axis is None:
            start, stop = record["axis"]
            if len(self._axes) >= MOST_AXES:
                self._axes = {}
            axis = np.frombuffer(bytes(body[start:stop]), "<f8")
            self._axes[name] = axis
        payload = self._rooms.blob(number, record["payload_bytes"])
        return from_record(record, axis, payload)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watching = loop.call_later(self._stall_s, self._look, self._answer_count)

    def _look(self, answer_count: int) -> None:
        self._watching = None
        if not self._pending:
            return
        if self._answer_count == answer_count and self._process is not None:
            # The bodies are given back when its end of the socket is closed.
            self._process.kill()
        self._watch(asyncio.get_running_loop())

    def _bury(self, *, is_asked: bool) -> None:
        assert self._process is not None
        process, self._process, self._is_ready = self._process, None, False
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()
        _end(process)
        if not is_asked:
            _log.warning("encoder_ended", status=process.returncode)
        pending, self._pending = self._pending, {}
        for waiting, _ in pending.values():
            if not waiting.done():
                waiting.set_result(None)


def _is_worth_it() -> bool:
    """Tell whether there is a processor for it, and memory of the kind it needs."""
    return hasattr(os, "memfd_create") and len(os.sched_getaffinity(0)) > 1


def _end(process: "subprocess.Popen[bytes]") -> None:
    # With its socket closed it does nothing more, but it may be stopped, or stuck.
    for patience_s in (END_S, END_S):
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
        else:
            return
