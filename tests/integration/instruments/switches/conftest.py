"""Emulated arrays with switches, served on a thread of their own."""

import asyncio
import threading
from concurrent.futures import Future

import pytest

from instruments.array.config import ArrayConfig
from instruments.clock import SystemClock
from instruments.simulation.serving import serve_array
from instruments.switches import open_router

ELEMENTS = {
    "mini_circuits_http": {"A": 2, "B": 2},
    "mini_circuits_telnet": {"A": 6, "B": 6},
    "keysight_34980a": {
        "A": {"1": [1101], "2": [1102]},
        "B": {"1": [1103], "2": [1104]},
    },
    "keysight_l44xx": {"A": {"1": [], "2": [1101]}, "B": {"1": [], "2": [1102]}},
    "dow_key": {"1": 6, "2": 6},
}


class Served:
    """An array on a loop of its own; ended by ``stop``."""

    def __init__(self, config):
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        ready = Future()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete,
            args=(self._serve(config, ready),),
            daemon=True,
        )
        self._thread.start()
        self.served = ready.result(90)
        self.config = self.served.config
        self.boxes = self.served.array.boxes

    def stop(self):
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(20)
        self._loop.close()

    async def _serve(self, config, ready):
        try:
            async with serve_array(config, speed=1000.0, is_noiseless=True) as served:
                ready.set_result(served)
                await self._ended.wait()
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            ready.set_exception(error)


@pytest.fixture
def serve():
    running = []

    def start(config):
        running.append(Served(config))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def switched(serve, tmp_path):
    """Serve one switch with two routes and return (served, router)."""
    routers = []

    def start(driver, **settings):
        elements = ELEMENTS[driver]
        first, second = elements
        is_http = driver.endswith("http")
        switch = {
            "driver": driver,
            "resource": "http://127.0.0.1"
            if is_http
            else "TCPIP::127.0.0.1::0::SOCKET",
            "elements": elements,
            "settle_time_s": 0.03,
            "open_timeout_s": 20.0,
            "io_timeout_s": 20.0,
            **settings,
        }
        config = ArrayConfig.model_validate(
            {
                "schema_version": 1,
                "array": {"name": "switched"},
                "instruments": {
                    "vna": {"vna-1": {"resource": "TCPIP::127.0.0.1::0::SOCKET"}},
                    "switch": {"matrix": switch},
                },
                "routes": {
                    "left": {"matrix": {first: "1", second: "1"}},
                    "right": {"matrix": {first: "2", second: "2"}},
                },
                "sweeps": {
                    "wide": {
                        "purpose": "wide",
                        "s_parameters": ["S21"],
                        "start_frequency_hz": 4e9,
                        "stop_frequency_hz": 8e9,
                        "point_count": 11,
                    }
                },
                "schedule": {"wide": {"period_s": 1.0}},
                "cavities": {
                    name: {
                        "vna": "vna-1",
                        "route": route,
                        "expected": {"resonant_frequency_hz": f0_hz, "loaded_q": 8000},
                    }
                    for name, route, f0_hz in (
                        ("one", "left", 5.1e9),
                        ("two", "right", 6.2e9),
                    )
                },
            }
        )
        served = serve(config)
        router = open_router(served.config, clock=SystemClock(), directory=tmp_path)
        routers.append(router)
        return served, router

    yield start
    for router in routers:
        router.close()
