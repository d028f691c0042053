"""The encoder as a process: asked, killed, stopped, and done without."""

import asyncio
import os
import signal
import time

import psutil
import pytest
from structlog.testing import capture_logs

from instruments.clock import SystemClock
from instruments.measurement.message import encode_sweeps
from service.operations import encoder_link
from service.operations.encoder_link import EncoderLink
from service.operations.shared_rooms import room_of

START_S = 60.0


async def started(link: EncoderLink, body: bytes) -> psutil.Process:
    """Have it started, as the first body in a hurry does."""
    assert link.lend(len(body)) is None
    assert await link.prepare(body) is None
    deadline_s = time.monotonic() + START_S
    while link.pid is None:
        assert time.monotonic() < deadline_s
        link.lend(len(body))
        await asyncio.sleep(0.01)
    return psutil.Process(link.pid)


def encoders() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [one for one in children if "service.operations.encoding" in one.cmdline()]


def lend(link: EncoderLink, content: bytes) -> memoryview:
    body = link.lend(len(content))
    body[:] = content
    return body


@pytest.fixture
def bodies(make_sweep) -> list[bytes]:
    return [encode_sweeps([make_sweep(seed, 6_001)]) for seed in range(4)]


def test_it_encodes_and_is_done_without_where_it_was_killed(bodies, monkeypatch):
    monkeypatch.setattr(encoder_link, "RESTART_S", 0.0)

    async def play() -> None:
        link = EncoderLink(SystemClock())
        first = await started(link, bodies[0])
        held = [lend(link, body) for body in bodies]
        assert len({room_of(body) for body in held}) == len(bodies)
        sweeps = await asyncio.gather(*map(link.prepare, held))
        assert [sweep.cavity for sweep in sweeps] == ["cavity-1"] * len(bodies)
        assert len({sweep.content_hash for sweep in sweeps}) == len(bodies)
        assert await link.prepare(lend(link, b"\x81" + bodies[0][1:])) is None
        first.send_signal(signal.SIGSTOP)
        waiting = [asyncio.ensure_future(link.prepare(body)) for body in held]
        await asyncio.sleep(0)
        os.kill(first.pid, signal.SIGKILL)
        assert await asyncio.gather(*waiting) == [None] * len(bodies)
        assert link.pid is None
        second = await started(link, bodies[0])
        assert second.pid != first.pid
        assert (await link.prepare(lend(link, bodies[1]))).cavity == "cavity-1"
        link.close()
        assert not second.is_running()
        assert await link.prepare(bodies[0]) is None
        assert link.lend(len(bodies[0])) is None
        assert not encoders()

    asyncio.run(play())


def test_one_that_answers_nothing_is_ended(bodies):
    async def play() -> None:
        link = EncoderLink(SystemClock(), stall_s=0.1)
        process = await started(link, bodies[0])
        process.send_signal(signal.SIGSTOP)
        held = [lend(link, body) for body in bodies]
        assert await asyncio.gather(*map(link.prepare, held)) == [None] * len(bodies)
        assert not process.is_running()
        assert link.lend(len(bodies[0])) is None
        link.close()

    asyncio.run(play())


def test_one_of_another_edition_is_not_asked(bodies, monkeypatch):
    monkeypatch.setattr(encoder_link, "EDITION", "another")

    async def play() -> None:
        link = EncoderLink(SystemClock())
        assert await link.prepare(bodies[0]) is None
        with capture_logs() as logs:
            assert link.lend(len(bodies[0])) is None
            deadline_s = time.monotonic() + START_S
            while not logs:
                assert time.monotonic() < deadline_s
                assert link.pid is None
                await asyncio.sleep(0.01)
        assert [log["event"] for log in logs] == ["encoder_ended"]
        assert link.lend(len(bodies[0])) is None
        link.close()

    asyncio.run(play())


def test_a_lone_processor_has_none(bodies, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})

    async def play() -> None:
        link = EncoderLink(SystemClock())
        assert await link.prepare(bodies[0]) is None
        assert link.lend(len(bodies[0])) is None
        assert link.pid is None
        link.close()

    asyncio.run(play())
