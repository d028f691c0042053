"""Several replicas over one PostgreSQL: one notifier, and news on every one of them."""

import contextlib
import json
import threading
import time

import httpx
import pytest

from service.context import make_context
from service.storage.events import add_event
from service.storage.notifying import Notifier
from service.storage.records import EventKind
from service.storage.watching import CommitWatch

from .conftest import running
from .interrupted import InterruptedClient

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def replicas(config, database, judge):
    """Two replicas in this process, as they would stand on two machines."""
    del database
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(2):
            context = make_context(config, load=lambda model: judge)
            stack.callback(context.close)
            clients.append(stack.enter_context(running(context, config)))
        clients[0].put("cavities/cavity-1", json={}).raise_for_status()
        yield clients


def listen(client, count: int) -> tuple[threading.Thread, threading.Event, list[str]]:
    found: list[str] = []
    is_listening = threading.Event()

    def read() -> None:
        with (
            httpx.Client(base_url=client.base_url, timeout=90) as own,
            own.stream("GET", "stream") as answer,
        ):
            for line in answer.iter_lines():
                if line == ": listening":
                    is_listening.set()
                if line.startswith("data: ") and '"sweep_id"' in line:
                    found.append(json.loads(line[6:])["sweep_id"])
                    if len(found) == count:
                        return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread, is_listening, found


def test_what_one_replica_accepts_every_replica_tells(replicas, post, make_sweep):
    readers = [listen(client, 20) for client in replicas]
    assert all(is_listening.wait(90) for _, is_listening, _ in readers)
    accepted = []
    for seed in range(20):
        results = post(replicas[seed % 2], make_sweep(seed)).json()["results"]
        accepted.append(results[0]["sweep_id"])
    for thread, _, found in readers:
        thread.join(90)
        assert sorted(found) == sorted(accepted)


def test_who_changes_the_replica_is_told_of_a_commit_that_came_late(
    replicas, database, real_clock
):
    def add(transaction, name: str) -> None:
        add_event(transaction, EventKind.ALERT, {"name": name}, real_clock.now())

    interrupted = InterruptedClient(replicas)
    listening = threading.Thread(target=interrupted.listen, args=(1,))
    with database.write() as slow:
        # It has its number; that of the other is committed before it is.
        add(slow, "slow")
        with database.write() as quick:
            add(quick, "quick")
        listening.start()
        listening.join(0.5)
    listening.join()
    while len(interrupted.found) < 2:
        interrupted.listen(1)
    assert interrupted.found == ["slow", "quick"]


def test_the_same_posts_to_both_replicas_at_once_are_stored_once(
    replicas, post, make_sweep
):
    sweeps = [make_sweep(seed) for seed in range(24)]
    answers: list[list[dict]] = [[], []]

    def send(number: int) -> None:
        # In opposite order, several a body: what could lock each other out.
        order = sweeps if number == 0 else sweeps[::-1]
        for at in range(0, 24, 6):
            while True:
                answer = post(replicas[number], *order[at : at + 6])
                if answer.status_code == 201:
                    answers[number] += answer.json()["results"]
                    break
                assert answer.status_code == 503, answer.text

    threads = [threading.Thread(target=send, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(150)
    ids = [{result["sweep_id"] for result in results} for results in answers]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 24
    statuses = [r["status"] for results in answers for r in results]
    assert sorted(statuses) == ["accepted"] * 24 + ["duplicate"] * 24


def test_one_notifier_leads_and_another_takes_over(database, wait_for):
    notifiers = [Notifier(database) for _ in range(3)]
    for notifier in notifiers:
        notifier.start()
    try:
        wait_for(lambda: any(one.is_leading for one in notifiers))
        time.sleep(0.2)
        (leader,) = (one for one in notifiers if one.is_leading)
        leader.close()
        others = [one for one in notifiers if one is not leader]
        wait_for(lambda: sum(one.is_leading for one in others) == 1)
    finally:
        for notifier in notifiers:
            notifier.close()


def test_a_commit_is_heard_and_silence_is_not(
    replicas, database, post, make_sweep, wait_for
):
    with contextlib.closing(CommitWatch(database)) as watch:
        assert watch.has_news()
        # What was committed before may be told late.
        wait_for(lambda: is_quiet(watch))
        assert not watch.has_news()
        post(replicas[0], make_sweep()).raise_for_status()
        wait_for(watch.has_news)


def is_quiet(watch) -> bool:
    time.sleep(0.5)
    return not watch.has_news()
