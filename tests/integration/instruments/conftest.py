"""Small instruments and a small service on real sockets, scripted by the tests."""

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from instruments.array import ArrayConfig
from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.bodies import unpack_body
from instruments.measurement.message import decode_sweep
from instruments.simulation.serving import ServedArray, serve_array

Answer = Callable[[str], "bytes | Drop | Late | None"]


@dataclass
class Drop:
    """Send these bytes, announced as more, then close."""

    first: bytes = b""


@dataclass
class Late:
    """Send these bytes when the test says so."""

    reply: bytes
    released: threading.Event = field(default_factory=threading.Event)


class ScriptedInstrument:
    """Answers each line by a function; raw SOCKET or HiSLIP, on a free port."""

    def __init__(self, answer: Answer, protocol: str) -> None:
        self.answer = answer
        self.protocol = protocol
        self.received: list[str] = []
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def resource(self) -> str:
        if self.protocol == "socket":
            return f"TCPIP::127.0.0.1::{self.port}::SOCKET"
        return f"TCPIP::127.0.0.1::hislip0,{self.port}::INSTR"

    def stop(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            serve = {
                "socket": self._serve_lines,
                "hislip": self._serve_hislip,
                "stranger": self._serve_greeting,
            }[self.protocol]
            self._start(self._guarded, serve, connection)

    def _guarded(self, serve: Callable[..., None], connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), connection:
            serve(connection)

    def _serve_lines(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while line := lines.readline():
                self._respond(line.decode().strip(), connection.sendall, connection)

    def _serve_greeting(self, connection: socket.socket) -> None:
        connection.sendall(b"220 welcome to what is no instrument at all\r\n")
        connection.recv(4096)

    def _serve_hislip(self, connection: socket.socket) -> None:
        while True:
            kind, parameter, payload = _read_hislip(connection)
            if kind == 0:
                connection.sendall(_hislip(1, 0x0100_0001))
            elif kind == 17:
                connection.sendall(_hislip(18, 0))
            elif kind == 15:
                connection.sendall(_hislip(16, 0, struct.pack("!Q", 1 << 20)))
            elif kind in (6, 7):
                self._respond(
                    payload.decode().strip(),
                    lambda reply, parameter=parameter: connection.sendall(
                        _hislip(7, parameter, reply)
                    ),
                    connection,
                    parameter,
                )

    def _respond(
        self,
        message: str,
        send: Callable[[bytes], None],
        connection: socket.socket,
        message_id: int | None = None,
    ) -> None:
        self.received.append(message)
        match self.answer(message):
            case bytes() as reply:
                send(reply)
            case Drop(first=first):
                if message_id is None:
                    connection.sendall(first)
                else:
                    head = _hislip(7, message_id, b"\0" * (len(first) + 999))[:16]
                    connection.sendall(head + first)
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            case Late(reply=reply, released=released):
                released.wait(60)
                send(reply)
            case None:
                pass


def _hislip(kind: int, parameter: int, payload: bytes = b"") -> bytes:
    return struct.pack("!2sBBIQ", b"HS", kind, 0, parameter, len(payload)) + payload


def _read_hislip(connection: socket.socket) -> tuple[int, int, bytes]:
    head = _exactly(connection, 16)
    _, kind, _, parameter, length = struct.unpack("!2sBBIQ", head)
    return kind, parameter, _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise EOFError
        received += chunk
    return received


@pytest.fixture(params=["socket", "hislip"])
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def start_instrument() -> Iterator[Callable[..., ScriptedInstrument]]:
    started: list[ScriptedInstrument] = []

    def start(answer: Answer, protocol: str = "socket") -> ScriptedInstrument:
        started.append(ScriptedInstrument(answer, protocol))
        return started[-1]

    yield start
    for instrument in started:
        instrument.stop()


@pytest.fixture
def drop() -> type[Drop]:
    return Drop


@pytest.fixture
def late() -> type[Late]:
    return Late


class ScriptedService:
    """Takes sweeps as the service does; ``script`` overrides the next answers."""

    def __init__(self, port: int = 0) -> None:
        self.stored: dict[str, Sweep] = {}
        self.arrived_at_s: dict[str, float] = {}
        self.readings: list[dict[str, Any]] = []
        self.cavities: dict[str, dict[str, Any]] = {}
        self.refused: dict[str, str] = {}
        self.script: list[tuple[int, dict[str, str], Any]] = []
        self.posted_at_s: list[float] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                service._handle(self)

            do_POST = do_PUT = do_GET  # noqa: N815 - http.server wants these names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if self.script:
            status, headers, answer = self.script.pop(0)
        else:
            headers = {}
            status, answer = self._answer(request.command, request.path, body)
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        name = path.rpartition("/")[2]
        if method == "POST" and path == "/api/v1/sweeps":
            self.posted_at_s.append(time.monotonic())
            results = [self._take(decode_sweep(item)) for item in unpack_body(body)]
            all_refused = all(result["status"] == "rejected" for result in results)
            return (422 if all_refused else 201), {"results": results}
        if method == "POST" and path == "/api/v1/readings":
            self.readings += json.loads(body)["readings"]
            return 201, {"accepted": len(self.readings)}
        if method == "PUT":
            self.cavities.setdefault(name, {}).update(json.loads(body))
            return 200, {"id": name}
        if name in self.cavities:
            return 200, {"id": name, "resonance": None} | self.cavities[name]
        return 404, {"title": "not found"}

    def _take(self, sweep: Sweep) -> dict[str, Any]:
        key = sweep.key()
        if sweep.cavity in self.refused:
            error = self.refused[sweep.cavity]
            rejected = {"sweep_id": None, "status": "rejected"}
            return rejected | {"error": error, "code": error}
        status = "duplicate" if key in self.stored else "accepted"
        self.stored[key] = sweep
        self.arrived_at_s.setdefault(key, time.monotonic())
        return {"sweep_id": key[:12], "status": status, "error": None}


@pytest.fixture
def start_service() -> Iterator[Callable[..., ScriptedService]]:
    started: list[ScriptedService] = []

    def start(port: int = 0) -> ScriptedService:
        started.append(ScriptedService(port))
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture
def service(start_service: Callable[..., ScriptedService]) -> ScriptedService:
    return start_service()


@pytest.fixture
def make_sweep() -> Callable[..., Sweep]:
    def make(number: int = 0, cavity: str = "cavity-1", point_count: int = 3) -> Sweep:
        axis = np.linspace(4e9, 8e9, point_count)
        return Sweep(
            cavity=cavity,
            measured_at=datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
            + timedelta(seconds=number),
            purpose=SweepPurpose.WIDE,
            frequency_hz=axis,
            traces={"S21": np.full(point_count, number + 1j, np.complex64)},
        )

    return make


class Emulation:
    """An emulated array served from a thread of its own."""

    def __init__(self, config: ArrayConfig, speed: float) -> None:
        self._ready: Future[ServedArray] = Future()
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete,
            args=(self._serve(config, speed),),
            daemon=True,
        )
        self._thread.start()
        self.served = self._ready.result(90)

    @property
    def config(self) -> ArrayConfig:
        return self.served.config

    def control(self, **request: Any) -> dict[str, Any]:
        """Ask the control port."""
        where = ("127.0.0.1", self.served.control_port)
        with socket.create_connection(where, timeout=60) as wire:
            wire.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(wire.makefile("rb").readline())
        assert answer["ok"], answer
        return answer

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(20)
        self._loop.close()

    async def _serve(self, config: ArrayConfig, speed: float) -> None:
        async with serve_array(config, speed=speed) as served:
            self._ready.set_result(served)
            await self._ended.wait()


PATIENT_S = 20.0
"""Longest wait for an instrument that is well, on a machine that stands still."""

HASTY_S = 1.0
"""Longest wait for one that is silent, so that the test goes on."""


def array_document(
    cavity_count: int, front: str, hasty: Collection[str] = ()
) -> dict[str, Any]:
    """Return an array of so many cavities, each with a VNA and a gaussmeter.

    Only the hasty VNAs may be found silent.
    """
    wait = {"open_timeout_s": PATIENT_S, "io_timeout_s": PATIENT_S}
    port = "hislip0,0::INSTR" if front == "hislip" else "0::SOCKET"
    names = [str(number) for number in range(1, cavity_count + 1)]
    sensors: dict[str, Any] = {
        f"gaussmeter-{name}": {
            "driver": "lakeshore_475",
            "resource": "TCPIP::127.0.0.1::0::SOCKET",
            "period_s": 0.2,
            **wait,
            "cavity": f"cavity-{name}",
            "readings": {"1": "stray_field_tesla"},
        }
        for name in names
    }
    sensors["thermometer"] = {
        "driver": "lakeshore_372",
        "resource": "TCPIP::127.0.0.1::0::SOCKET",
        "period_s": 0.2,
        **wait,
        "readings": {
            "5": "receiver_temperature_k",
            "6": "mixing_chamber_temperature_k",
        },
    }
    narrow = {"point_count": 41, "if_bandwidth_hz": 1000}
    return {
        "schema_version": 1,
        "array": {"name": "test"},
        "instruments": {
            "vna": {
                f"vna-{name}": {"resource": f"TCPIP::127.0.0.1::{port}"}
                | wait
                | ({"io_timeout_s": HASTY_S} if f"vna-{name}" in hasty else {})
                for name in names
            },
            "sensor": sensors,
        },
        "sweeps": {
            "wide": {
                "purpose": "wide",
                "s_parameters": ["S21", "S23", "S11"],
                "start_frequency_hz": 4e9,
                "stop_frequency_hz": 8e9,
                "point_count": 101,
            },
            "transmission": {
                "purpose": "transmission",
                "s_parameters": ["S21"],
                **narrow,
            },
            "reflection": {"purpose": "reflection", "s_parameters": ["S23"], **narrow},
        },
        "schedule": {
            "wide": {"period_s": 0.8},
            "transmission": {"period_s": 0.8, "phase_s": 0.3},
            "reflection": {"period_s": 0.8, "phase_s": 0.6},
        },
        "cavities": {
            f"cavity-{name}": {
                "vna": f"vna-{name}",
                "expected": {
                    "resonant_frequency_hz": 5e9 + 1e8 * int(name),
                    "loaded_q": 8000,
                    "coupling_beta": 1.5,
                },
                "thermal_cycle": "2026-11",
                "conditions": {
                    "temperature_k": "receiver_temperature_k",
                    "magnetic_field_tesla": "stray_field_tesla",
                },
            }
            for name in names
        },
        "simulation": {"seed": 7},
    }


@pytest.fixture
def emulate() -> Iterator[Callable[..., Emulation]]:
    running: list[Emulation] = []

    def start(
        cavity_count: int = 1,
        front: str = "hislip",
        speed: float = 20.0,
        model: str | None = None,
        hasty: Collection[str] = (),
    ) -> Emulation:
        document = array_document(cavity_count, front, hasty)
        if model is not None:
            names = document["instruments"]["vna"]
            document["simulation"]["models"] = dict.fromkeys(names, model)
        config = ArrayConfig.model_validate(document)
        running.append(Emulation(config, speed))
        return running[-1]

    yield start
    for emulation in running:
        emulation.stop()


@pytest.fixture
def array_of() -> Callable[[int, str], dict[str, Any]]:
    return array_document
