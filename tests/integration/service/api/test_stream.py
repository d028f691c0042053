"""The stream tells every listener, and resumes where it broke."""

import json
import socket
import threading
import time
from datetime import timedelta

import httpx
import pytest

from service.operations import broadcasting, listening
from service.operations.judge_tasks import Diagnoser
from service.operations.panel import Panel
from service.storage.events import add_event, list_events, prune_events
from service.storage.records import EventKind

from .interrupted import InterruptedClient, add_events_in_slow_transactions

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Reader:
    """Reads one stream in a thread."""

    def __init__(self, client: httpx.Client, last_event_id: int | None = None) -> None:
        self.events: list[tuple[int | None, str, dict]] = []
        self.lines: list[str] = []
        headers = {} if last_event_id is None else {"last-event-id": str(last_event_id)}
        self.client = httpx.Client(base_url=client.base_url, timeout=90.0)
        self.headers = headers
        self.is_listening = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        assert self.is_listening.wait(90)

    def _read(self) -> None:
        fields: dict[str, str] = {}
        with self.client.stream("GET", "stream", headers=self.headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                self.lines.append(line)
                if line == ": listening":
                    self.is_listening.set()
                if ": " in line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif not line and "data" in fields:
                    number = int(fields["id"]) if "id" in fields else None
                    data = json.loads(fields["data"])
                    self.events.append((number, fields["event"], data))
                    fields = {}

    def of(self, kind: str) -> list[dict]:
        return [data for _, name, data in self.events if name == kind]


@pytest.fixture
def reader(client, context):
    readers: list[Reader] = []

    def read(last_event_id: int | None = None) -> Reader:
        readers.append(Reader(client, last_event_id))
        return readers[-1]

    yield read
    context.broadcaster.close()
    for opened in readers:
        opened.thread.join(30)
        opened.client.close()


def test_listeners_hear_of_sweeps_and_diagnoses(
    client, post, make_sweep, reader, judge, database, real_clock, wait_for
):
    first, second = reader(), reader()
    flagged = make_sweep(flags=("late",))
    sweep_id = post(client, flagged).json()["results"][0]["sweep_id"]
    diagnoser = Diagnoser(
        database=database,
        clock=real_clock,
        panel=Panel.of(judge),
        owner="w",
        lease=timedelta(seconds=60),
        channels=(),
    )
    assert diagnoser.run_once() == 1
    for listener in (first, second):
        wait_for(lambda listener=listener: listener.of("diagnosis"))
        (heard,) = listener.of("sweep")
        assert heard["sweep_id"] == sweep_id
        assert heard["purpose"] == "wide"
        assert heard["flags"] == ["late"]
        (judged,) = listener.of("diagnosis")
        assert judged["model_version"] == "threshold-1"
        assert listener.of("health")[0]["status"] == "ok"


def test_a_broken_stream_resumes_without_gap_or_repeat(
    client, post, make_sweep, reader, wait_for
):
    first = reader()
    post(client, make_sweep(0))
    wait_for(lambda: first.of("sweep"))
    seen = first.events[-1][0]
    for seed in range(1, 31):
        post(client, make_sweep(seed))
    second = reader(seen)
    wait_for(lambda: len(second.of("sweep")) == 30)
    post(client, make_sweep(31))
    wait_for(lambda: len(second.of("sweep")) >= 31)
    ids = [number for number, kind, _ in second.events if kind == "sweep"]
    assert len(set(ids)) == len(ids) == 31
    assert min(ids) > seen


@only_postgresql
def test_who_saw_a_later_commit_is_told_of_an_earlier_number(
    client, post, make_sweep, reader, database, real_clock, wait_for
):
    first = reader()
    post(client, make_sweep(0))
    wait_for(lambda: first.of("sweep"))
    with database.write() as slow:
        # It has its number; those of the others are committed before it is.
        add_event(slow, EventKind.ALERT, {"name": "slow"}, real_clock.now())
        post(client, make_sweep(1))
        post(client, make_sweep(2))
        time.sleep(0.3)
        seen = max(number for number, _, _ in first.events if number)
    second = reader(seen)
    wait_for(lambda: len(second.of("sweep")) + len(first.of("sweep")) >= 5)
    assert second.of("alert") == [{"name": "slow"}]
    wait_for(lambda: len(first.of("sweep")) == 3)
    numbers = [number for number, _, _ in first.events if number]
    assert len(numbers) == 4
    assert numbers == sorted(numbers)


def test_a_client_that_breaks_off_again_and_again_gets_every_event_once(
    client, database, real_clock
):
    threads = [
        add_events_in_slow_transactions(database, real_clock, names, names.start)
        for names in (range(20), range(20, 40))
    ]
    interrupted = InterruptedClient([client])
    while len(interrupted.found) < 40:
        interrupted.listen(3 if len(interrupted.found) < 37 else 1)
    for thread in threads:
        thread.join()
    assert sorted(interrupted.found) == list(range(40))


def test_who_resumes_far_behind_comes_back_for_the_rest(
    client, database, real_clock, monkeypatch
):
    monkeypatch.setattr(broadcasting, "REPLAY_LIMIT", 4)
    monkeypatch.setattr(broadcasting, "_PAGE", 2)
    with database.write() as transaction:
        for name in range(9):
            add_event(transaction, EventKind.ALERT, {"name": name}, real_clock.now())
    interrupted = InterruptedClient([client])
    for count in (4, 8, 9):
        # The first two end by themselves.
        interrupted.listen(5 if count < 9 else 1)
        assert interrupted.found == list(range(count))


def read_numbers(stream: socket.socket, count: int) -> list[int]:
    """Read so many events from an open stream."""
    found: list[int] = []
    with stream.makefile("rb") as lines:
        for line in lines:
            if line.startswith(b"id: "):
                found.append(int(line[4:]))
            if len(found) == count:
                break
    return found


def test_a_listener_that_does_not_read_loses_nothing_and_costs_no_memory(
    client, reader, database, real_clock, wait_for, context
):
    count, text = 1200, "x" * 8000
    with socket.socket() as slow:
        # Small enough that what was not read waits at the service, not in between.
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(90.0)
        slow.connect(("127.0.0.1", client.base_url.port))
        slow.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        start = b""
        while b": listening" not in start:
            start += slow.recv(4096)
        quick = reader()
        for first in range(0, count, 300):
            with database.write() as transaction:
                for name in range(first, first + 300):
                    body = {"name": name, "text": text}
                    add_event(transaction, EventKind.ALERT, body, real_clock.now())
        wait_for(lambda: len(quick.of("alert")) == count)
        held = [listener.held_bytes for listener in context.broadcaster.listeners]
        assert max(held) <= listening.CLIENT_QUEUE_BYTES
        assert any(listener.is_behind for listener in context.broadcaster.listeners)
        told = [number for number, kind, _ in quick.events if kind == "alert"]
        assert read_numbers(slow, count) == told
        # It has caught up: what comes now is spread again.
        wait_for(
            lambda: not any(each.is_behind for each in context.broadcaster.listeners)
        )
        with database.write() as transaction:
            add_event(transaction, EventKind.ALERT, {"name": "new"}, real_clock.now())
        assert read_numbers(slow, 1) > told[-1:]


@pytest.mark.parametrize("last", ["x", "-1", "9" * 30])
def test_a_bad_last_event_id_is_refused(client, last):
    answer = client.get("stream", headers={"last-event-id": last})
    assert answer.status_code == 422


def test_old_events_are_forgotten_and_numbers_never_return(
    client, post, make_sweep, database, real_clock
):
    post(client, make_sweep(0))
    with database.read() as transaction:
        (before,) = list_events(transaction, 0)
    with database.write() as transaction:
        later = real_clock.now() + timedelta(seconds=1)
        assert prune_events(transaction, later) == 1
        assert prune_events(transaction, later) == 0
    post(client, make_sweep(1))
    with database.read() as transaction:
        (after,) = list_events(transaction, 0)
    assert after.event_id > before.event_id
