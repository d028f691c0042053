"""Posts distinct sweeps over keep-alive connections, as fast as answers come."""

import argparse
import asyncio
import json
import re
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import uvloop

from instruments.measurement import (
    InstrumentIdentity,
    Sweep,
    SweepPurpose,
    SweepSettings,
)
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps

CLIENTS = 64
WARM_UP_S = 1.0
START = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = re.compile(rb"2026-01-01T00:00:00\.000000")


def make_sweep(points: int, trace_count: int) -> Sweep:
    """A sweep with ripple, delay, and noise of 1e-4 per quadrature."""
    rng = np.random.default_rng(1)
    axis = np.linspace(4e9, 8e9, points)
    smooth = np.exp(1j * axis / 3e7) * (0.5 + 0.2 * np.cos(axis / 1e8))
    traces = {}
    for name in ("S21", "S11", "S12", "S22")[:trace_count]:
        noise = rng.standard_normal(points) + 1j * rng.standard_normal(points)
        traces[name] = (smooth + 1e-4 * noise).astype(np.complex64)
    return Sweep(
        cavity="cavity-1",
        measured_at=START,
        purpose=SweepPurpose.WIDE,
        frequency_hz=axis,
        traces=traces,
    )


def described(sweep: Sweep) -> Sweep:
    """The sweep as a poller sends it, with what it knows about it."""
    return replace(
        sweep,
        settings=SweepSettings(
            if_bandwidth_hz=1000.0, source_power_dbm=-10.0, averaging_count=4
        ),
        instrument=InstrumentIdentity(
            vendor="Keysight Technologies",
            model="P5024A",
            serial="MY60000000",
            firmware="A.15.20.08",
        ),
        conditions={"mixing_chamber_temperature_k": 0.021},
    )


def template(sweep: Sweep, batch: int) -> tuple[bytes, list[int]]:
    """A request for some sweeps, and where their times stand."""
    body = encode_sweeps([sweep] * batch)
    head = (
        f"POST /api/v1/sweeps HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {MSGPACK_MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    request = head + body
    offsets = [found.start() for found in STAMP.finditer(request)]
    assert len(offsets) == batch
    return request, offsets


class Client(asyncio.Protocol):
    def __init__(self, load: "Load") -> None:
        self.load = load
        self.request = bytearray(load.request)
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.post()

    def post(self) -> None:
        self.load.date_anew(self.request)
        self.sent_s = time.perf_counter()
        # An answer came to all that was written before: nobody reads it any more.
        self.transport.write(self.request)

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
        loop = asyncio.get_running_loop()
        if pause_s := self.load.pause_s:
            loop.call_later(pause_s, self.go_on)
        else:
            self.go_on()

    def go_on(self) -> None:
        if not self.load.is_over:
            self.post()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.open_count -= 1
        if self.load.open_count == 0:
            self.load.ended.set_result(None)


class Load:
    def __init__(
        self,
        duration_s: float,
        sweep: Sweep,
        batch: int,
        most_per_s: float,
        first: int,
    ) -> None:
        self.request, self.offsets = template(sweep, batch)
        self.batch = batch
        self.most_per_s = most_per_s
        self.duration_s = duration_s
        self.number = self.first = first
        self.accepted_total = 0
        self.latencies_s: list[float] = []
        self.refused = b""
        self.started_s = time.perf_counter()
        self.open_count = CLIENTS
        self.ended = asyncio.get_running_loop().create_future()

    def date_anew(self, request: bytearray) -> None:
        """Give the sweeps of a request times that none had before."""
        for offset in self.offsets:
            self.number += 1
            stamp = START + timedelta(milliseconds=self.number)
            text = stamp.isoformat(timespec="microseconds").encode()[:26]
            request[offset : offset + 26] = text

    @property
    def pause_s(self) -> float:
        """How long to wait so that no more than the wanted rate is sent."""
        due_s = (self.number - self.first) / self.most_per_s
        return max(due_s - (time.perf_counter() - self.started_s), 0.0)

    @property
    def is_over(self) -> bool:
        elapsed_s = time.perf_counter() - self.started_s
        return elapsed_s >= WARM_UP_S + self.duration_s

    def count(self, answer: bytes, latency_s: float) -> None:
        accepted = answer.count(b'"accepted"')
        if accepted != self.batch:
            self.refused = answer
            return
        self.accepted_total += accepted
        if time.perf_counter() - self.started_s >= WARM_UP_S and not self.is_over:
            self.latencies_s.append(latency_s)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--duration-s", type=float, default=4.0)
    parser.add_argument("--points", type=int, default=1601)
    parser.add_argument("--traces", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--most-per-s", type=float, default=float("inf"))
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--described", action="store_true")
    asked = parser.parse_args()
    loop = asyncio.get_running_loop()
    sweep = make_sweep(asked.points, asked.traces)
    sweep = described(sweep) if asked.described else sweep
    load = Load(asked.duration_s, sweep, asked.batch, asked.most_per_s, asked.first)
    for _ in range(CLIENTS):
        await loop.create_connection(lambda: Client(load), "127.0.0.1", asked.port)
    await load.ended
    latencies_ms = 1e3 * np.array(load.latencies_s)
    report = {
        "accepted_total": load.accepted_total,
        "rate_per_s": asked.batch * len(load.latencies_s) / asked.duration_s,
        "latency_p50_ms": float(np.percentile(latencies_ms, 50)),
        "latency_p99_ms": float(np.percentile(latencies_ms, 99)),
        "refused": load.refused.decode(errors="replace"),
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    uvloop.run(main())
