import asyncio
import threading
import warnings

import numpy as np
import pytest

from instruments.clock import SystemClock
from instruments.simulation.array import EmulatedArray
from instruments.simulation.fronts.hislip import HislipFront
from instruments.simulation.fronts.raw_socket import RawSocketFront
from instruments.simulation.vna.instrument import build_vna
from instruments.simulation.wire_faults import WireFaults


class Served:
    """An emulated PNA on real sockets, its event loop in a thread of its own."""

    def __init__(self, config, speed=1.0):
        self.array = EmulatedArray(config, clock=SystemClock(), speed=speed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.call(self._start())

    async def _start(self):
        self.wire = WireFaults()
        self.pna = build_vna(self.array, "vna-1", faults=self.wire)
        self._fronts = (
            HislipFront(self.pna, self.wire),
            RawSocketFront(self.pna, self.wire),
        )
        hislip, raw = [await front.start() for front in self._fronts]
        self.hislip = f"TCPIP::127.0.0.1::hislip0,{hislip}::INSTR"
        self.socket = f"TCPIP::127.0.0.1::{raw}::SOCKET"

    def call(self, coroutine):
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(timeout=20)

    def do(self, function, *arguments):
        async def run():
            return function(*arguments)

        return self.call(run())

    async def _stop(self):
        self.pna.close()
        for front in self._fronts:
            await front.close()

    def close(self):
        self.call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


@pytest.fixture
def make_served(array_config):
    served = []

    def make(speed=1.0):
        served.append(Served(array_config, speed))
        return served[-1]

    yield make
    for one in served:
        one.close()


@pytest.fixture
def served(make_served):
    return make_served(speed=50.0)


@pytest.fixture
def open_session():
    import pyvisa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager = pyvisa.ResourceManager("@py")
    sessions = []

    def open_one(resource):
        session = manager.open_resource(
            resource, read_termination="\n", write_termination="\n", timeout=5000
        )
        sessions.append(session)
        return session

    yield open_one
    for session in sessions:
        session.close()


class Desk:
    """A VNA of some model without a wire: send, ask, read."""

    def __init__(self, config, model, **options):
        self.faults = WireFaults()
        self.array = EmulatedArray(config, clock=SystemClock(), speed=1000.0)
        options = {"is_noiseless": True} | options
        self.vna = build_vna(self.array, "vna-1", model, faults=self.faults, **options)

    async def raw(self, message, *, is_raw_socket=False):
        execution = self.vna.execute(message.encode(), is_raw_socket=is_raw_socket)
        return await asyncio.wait_for(execution, 60)

    async def ask(self, message):
        reply = await self.raw(message)
        return None if reply is None else reply.decode().strip()

    async def numbers(self, query):
        return np.asarray([float(one) for one in (await self.ask(query)).split(",")])

    async def errors(self):
        found = []
        while self.vna.status.error_count:
            found.append(self.vna.status.next_error()[0])
        return found

    def truth(self, name):
        """Return the physics of the last sweep that ended."""
        last = self.vna.bench.ended[-1]
        return last.snapshot.response(
            last.axis_hz, (name,), source_power_dbm=last.power_dbm
        )[name]


@pytest.fixture
def on_desk(array_config):
    """Run a conversation with a VNA of a model."""

    def run(model, talk, **options):
        async def main():
            desk = Desk(array_config, model, **options)
            try:
                return await talk(desk)
            finally:
                desk.vna.close()

        return asyncio.run(main())

    return run
