"""The least that a server does for a durable long sweep: the other yardstick.

It takes requests off the socket, copies the samples out, hashes and compresses them,
appends them to a pack in groups, syncs, and answers: with the functions of the service,
in one process, and without routes, guards, checks, rows, tasks and events.
"""

import asyncio
import hashlib
import os
import sys
import threading
from collections import deque
from pathlib import Path
from typing import cast

import numpy as np
import uvloop

from instruments.clock import SystemClock
from instruments.measurement.long_bodies import lay_out, unpack_long
from service.handlers.socket_reading import SCRATCH_BYTES
from service.interpreter import tune_interpreter
from service.storage.codec import encode_traces
from service.storage.identifiers import TimeOrderedIds
from service.storage.packs import PackFolder
from service.storage.writer import GATHER_COUNT, MOST_GATHER_S

DONE = b'{"status":"accepted"}'
ANSWER = b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s" % (len(DONE), DONE)
ALIVE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
SCRATCH = memoryview(bytearray(SCRATCH_BYTES))


class Appender:
    """Appends what waits, syncs, and has it answered."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.get_running_loop()
        self.packs = PackFolder(folder)
        self.ids = TimeOrderedIds(SystemClock())
        self.waiting: deque[tuple[bytes, asyncio.Transport]] = deque()
        self.changed = threading.Condition()
        threading.Thread(target=self.run, daemon=True).start()

    def submit(self, blob: bytes, transport: asyncio.Transport) -> None:
        with self.changed:
            self.waiting.append((blob, transport))
            if len(self.waiting) in (1, GATHER_COUNT):
                self.changed.notify()

    def run(self) -> None:
        try:
            self.append()
        finally:
            # Or its clients would wait for ever.
            os._exit(1)

    def append(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting)
                self.changed.wait_for(
                    lambda: len(self.waiting) >= GATHER_COUNT, MOST_GATHER_S
                )
                group = [self.waiting.popleft() for _ in range(len(self.waiting))]
            self.packs.append("floor", [(self.ids.next(), blob) for blob, _ in group])
            self.loop.call_soon_threadsafe(answer, [one for _, one in group])


def answer(transports: list[asyncio.Transport]) -> None:
    for transport in transports:
        transport.write(ANSWER)


class Connection(asyncio.BufferedProtocol):
    def __init__(self, appender: Appender) -> None:
        self.appender = appender
        self.room: memoryview | None = None
        self.filled = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return SCRATCH if self.room is None else self.room[self.filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self.filled += nbytes
        if self.room is None:
            head, _, first = bytes(SCRATCH[:nbytes]).partition(b"\r\n\r\n")
            if head.startswith(b"GET "):
                self.filled = 0
                self.transport.write(ALIVE)
                return
            length = head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]
            self.room = np.empty(int(length), np.uint8).data
            self.room[: len(first)] = first
            self.filled = len(first)
        if self.filled == len(self.room):
            body, self.room, self.filled = self.room, None, 0
            self.take(body)

    def take(self, body: memoryview) -> None:
        message = unpack_long(body)
        assert message is not None
        traces = lay_out(message["traces"], len(message["frequency_hz"]) // 8)
        assert traces is not None
        hashlib.sha256(body).hexdigest()
        self.appender.submit(encode_traces(traces)[1], self.transport)


async def main(home: Path, port: int) -> None:
    appender = Appender(home / "halowatch.packs")
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(appender), "127.0.0.1", port
    )
    tune_interpreter()
    await server.serve_forever()


home = Path(sys.argv[1])
home.mkdir(parents=True)
uvloop.run(main(home, int(sys.argv[2])))
