"""Emulated VNAs on real sockets, and clients of other houses that drive them."""

import asyncio
import json
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from instruments.array import ArrayConfig
from instruments.simulation.addresses import parse_resource
from instruments.simulation.serving import serve_array

CLIENTS = Path(__file__).parent / "clients"
START_HZ, STOP_HZ, POINTS = 4.0e9, 6.0e9, 101


def array_of(models):
    """Return an array with a VNA of each model, each at a cavity of its own."""
    names = list(models)
    return {
        "schema_version": 1,
        "array": {"name": "peers"},
        "instruments": {
            "vna": {name: {"resource": "TCPIP::127.0.0.1::0::SOCKET"} for name in names}
        },
        "sweeps": {
            "wide": {
                "purpose": "wide",
                "s_parameters": ["S21"],
                "start_frequency_hz": START_HZ,
                "stop_frequency_hz": STOP_HZ,
                "point_count": POINTS,
            }
        },
        "schedule": {"wide": {"period_s": 60.0}},
        "cavities": {
            f"cavity-{name}": {
                "vna": name,
                "expected": {
                    "resonant_frequency_hz": 5.0e9 + 1.0e7 * number,
                    "loaded_q": 8000.0,
                    "coupling_beta": 1.5,
                },
            }
            for number, name in enumerate(names)
        },
        "simulation": {"seed": 7, "models": dict(models)},
    }


class PeerBench:
    """An emulated array without noise, served from a thread of its own."""

    def __init__(self, models):
        self._ready = Future()
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        config = ArrayConfig.model_validate(array_of(models))
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._serve(config),)
        )
        self._thread.start()
        self.served = self._ready.result(30)

    async def _serve(self, config):
        try:
            async with serve_array(config, speed=50.0, is_noiseless=True) as served:
                self._ready.set_result(served)
                await self._stopped.wait()
        except Exception as error:  # noqa: BLE001 - handed to the test
            self._ready.set_exception(error)

    def resource(self, vna, front):
        (found,) = (
            one
            for one in self.served.resources[vna]
            if parse_resource(vna, one).kind == front
        )
        return found

    def errors(self, vna):
        """Return what the emulated VNA complained about."""
        status = self.served.vnas[vna].status
        found = []
        while status.error_count:
            found.append(status.next_error())
        return found

    def truth(self, vna, name, point_count):
        """Return the physics of one S-parameter for each of the last sweeps."""
        bench = self.served.vnas[vna].bench
        ended = [one for one in list(bench.ended) if one.axis_hz.size == point_count]
        return [
            one.snapshot.response(one.axis_hz, (name,), source_power_dbm=one.power_dbm)[
                name
            ]
            for one in ended
        ]

    def close(self):
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(timeout=20)
        self._loop.close()


def run_client(python, script, cases):
    """Run a client script in the peers' environment on some cases."""
    done = subprocess.run(
        [python, CLIENTS / script],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def peers_python(pytestconfig):
    python = pytestconfig.rootpath / ".venv-peers" / "bin" / "python"
    if not python.exists():
        pytest.skip("run 'make peers' first: it installs the independent clients")
    return python


class Measured:
    """What a client read from a bench of emulated VNAs."""

    def __init__(self, bench, cases, answer):
        self._bench, self._cases, self._answer = bench, cases, answer

    def readings(self, vna):
        """Return what was read from a VNA, by label."""
        result = self._answer["results"][vna]
        assert "error" not in result, result["error"]
        return result["readings"]

    def errors(self, vna):
        """Return what the emulated VNA complained about."""
        return self._bench.errors(vna)

    def check(self, vna):
        """Compare every reading with the physics on the same axis, to 1e-6."""
        _, _, _, *ends_hz = self._cases[vna]
        axis_hz = np.linspace(*(ends_hz or (START_HZ, STOP_HZ)), POINTS)
        found = self.readings(vna)
        assert found
        for label, one in found.items():
            np.testing.assert_allclose(one["frequency_hz"], axis_hz, rtol=1e-9)
            trace = np.asarray(one["real"]) + 1j * np.asarray(one["imag"])
            truths = self._bench.truth(vna, label.split()[0], trace.size)
            assert truths, "no sweep of that length has ended"
            errors = [np.abs(trace - t).max() / np.abs(t).max() for t in truths]
            assert min(errors) < 1e-6, label


@pytest.fixture(scope="module")
def measure(peers_python):
    benches = []

    def run(script, cases):
        bench = PeerBench({vna: model for vna, (model, *_) in cases.items()})
        benches.append(bench)
        asked = {}
        for vna, (_, reader, front, *ends_hz) in cases.items():
            start_hz, stop_hz = ends_hz or (START_HZ, STOP_HZ)
            asked[vna] = {
                "reader": reader,
                "resource": bench.resource(vna, front),
                "start_hz": start_hz,
                "stop_hz": stop_hz,
                "points": POINTS,
            }
        return Measured(bench, cases, run_client(peers_python, script, asked))

    yield run
    for bench in benches:
        bench.close()
