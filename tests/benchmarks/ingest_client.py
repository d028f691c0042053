"""Posts distinct sweeps over keep-alive connections, as fast as answers come."""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import uvloop

from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps

CLIENTS = 64
WARM_UP_S = 1.0
POINTS = 1601
START = datetime(2026, 1, 1, tzinfo=UTC)


def template() -> tuple[bytes, int]:
    """A request for 2 x 1601 points, and where its time stands."""
    rng = np.random.default_rng(1)
    axis = np.linspace(4e9, 8e9, POINTS)
    smooth = np.exp(1j * axis / 3e7) * (0.5 + 0.2 * np.cos(axis / 1e8))
    traces = {}
    for name in ("S21", "S11"):
        noise = rng.standard_normal(POINTS) + 1j * rng.standard_normal(POINTS)
        traces[name] = (smooth + 1e-4 * noise).astype(np.complex64)
    body = encode_sweeps(
        [
            Sweep(
                cavity="cavity-1",
                measured_at=START,
                purpose=SweepPurpose.WIDE,
                frequency_hz=axis,
                traces=traces,
            )
        ]
    )
    head = (
        f"POST /api/v1/sweeps HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {MSGPACK_MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    request = head + body
    return request, request.index(b"2026-01-01T")


class Client(asyncio.Protocol):
    def __init__(self, load: "Load") -> None:
        self.load = load
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.post()

    def post(self) -> None:
        self.sent_s = time.perf_counter()
        self.transport.write(self.load.next_request())

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        self.load.count(self.received, time.perf_counter() - self.sent_s)
        self.received = b""
        if not self.load.is_over:
            self.post()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.open_count -= 1
        if self.load.open_count == 0:
            self.load.ended.set_result(None)


class Load:
    def __init__(self, duration_s: float) -> None:
        self.request, self.offset = template()
        self.duration_s = duration_s
        self.number = 0
        self.accepted_total = 0
        self.latencies_s: list[float] = []
        self.refused = b""
        self.started_s = time.perf_counter()
        self.open_count = CLIENTS
        self.ended = asyncio.get_running_loop().create_future()

    def next_request(self) -> bytes:
        self.number += 1
        stamp = START + timedelta(milliseconds=self.number)
        text = stamp.isoformat(timespec="microseconds").encode()[:26]
        request = bytearray(self.request)
        request[self.offset : self.offset + 26] = text
        return bytes(request)

    @property
    def is_over(self) -> bool:
        elapsed_s = time.perf_counter() - self.started_s
        return elapsed_s >= WARM_UP_S + self.duration_s

    def count(self, answer: bytes, latency_s: float) -> None:
        if b'"accepted"' not in answer:
            self.refused = answer
            return
        self.accepted_total += 1
        if time.perf_counter() - self.started_s >= WARM_UP_S and not self.is_over:
            self.latencies_s.append(latency_s)


async def main() -> None:
    port, duration_s = int(sys.argv[1]), float(sys.argv[2])
    loop = asyncio.get_running_loop()
    load = Load(duration_s)
    for _ in range(CLIENTS):
        await loop.create_connection(lambda: Client(load), "127.0.0.1", port)
    await load.ended
    latencies_ms = 1e3 * np.array(load.latencies_s)
    report = {
        "accepted_total": load.accepted_total,
        "rate_per_s": len(load.latencies_s) / duration_s,
        "latency_p50_ms": float(np.percentile(latencies_ms, 50)),
        "latency_p99_ms": float(np.percentile(latencies_ms, 99)),
        "refused": load.refused.decode(errors="replace"),
    }
    sys.stdout.write(json.dumps(report))


uvloop.run(main())
