"""A clock that jumps by an hour, either way, loses, repeats and delays nothing."""

from datetime import timedelta

import httpx
import pytest

from service.operations.delivering import Deliverer, RetryPolicy
from service.operations.judge_tasks import Diagnoser
from service.operations.panel import Panel
from service.storage.records import TaskKind
from service.storage.tasks import claim_tasks

HOUR_S = 3600.0
LEASE = timedelta(seconds=1)
HORIZON = timedelta(minutes=5)


@pytest.fixture
def make_diagnoser(database, judge, clock):
    def make(owner: str = "worker-a") -> Diagnoser:
        return Diagnoser(
            database=database,
            clock=clock,
            panel=Panel.of(judge),
            owner=owner,
            lease=LEASE,
            channels=(),
        )

    return make


@pytest.fixture
def registered(stepping_client):
    stepping_client.put("cavities/cavity-1", json={}).raise_for_status()
    return stepping_client


def judged(client) -> list[str]:
    found = client.get("diagnoses", params={"limit": 1000}).json()["diagnoses"]
    return [diagnosis["sweep_id"] for diagnosis in found]


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_what_was_accepted_before_a_jump_is_judged_at_once_after_it(
    registered, post, make_sweep, make_diagnoser, clock, jump_s
):
    results = post(registered, *map(make_sweep, range(3))).json()["results"]
    clock.moment += timedelta(seconds=jump_s)
    assert make_diagnoser().run_once() == 3
    assert sorted(judged(registered)) == sorted(r["sweep_id"] for r in results)
    assert make_diagnoser().run_once() == 0


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_a_lease_of_before_the_jump_ends_and_its_task_is_judged_once(
    registered, post, make_sweep, make_diagnoser, database, clock, jump_s
):
    post(registered, make_sweep())
    first = make_diagnoser("worker-a")
    tasks = first._claim()
    panel = first.panel.current()
    judgements = [(task, first._judge(task, panel)) for task in tasks]
    clock.moment += timedelta(seconds=jump_s)
    assert make_diagnoser("worker-b").run_once() == 1
    first._store(judgements)
    assert len(judged(registered)) == 1


def test_a_lease_that_runs_is_not_taken_by_a_clock_that_differs_a_little(
    registered, post, make_sweep, database, clock
):
    post(registered, make_sweep())

    def claim(owner: str) -> int:
        with database.write() as transaction:
            claimed = claim_tasks(
                transaction,
                TaskKind.DIAGNOSE,
                owner=owner,
                now=clock.now(),
                lease=timedelta(seconds=30),
                horizon=HORIZON,
                limit=5,
            )
        return len(claimed)

    assert claim("a") == 1
    clock.moment -= timedelta(seconds=10)
    assert claim("b") == 0


def test_sweeps_of_a_clock_that_is_ahead_are_taken_once_the_clocks_agree(
    registered, post, make_sweep, clock
):
    post(registered, make_sweep(0, measured_at=clock.now())).raise_for_status()
    clock.moment -= timedelta(seconds=HOUR_S)
    later = make_sweep(1, measured_at=clock.now() + timedelta(seconds=HOUR_S))
    refused = post(registered, later)
    assert refused.status_code == 422
    (result,) = refused.json()["results"]
    assert result["code"] == "measured_ahead"
    clock.moment += timedelta(seconds=HOUR_S)
    assert post(registered, later).json()["results"][0]["status"] == "accepted"
    assert len(registered.get("sweeps").json()["sweeps"]) == 2


def test_a_sweep_dated_years_ahead_is_not_worth_sending_again(
    registered, post, make_sweep, clock
):
    far = make_sweep(measured_at=clock.now() + timedelta(days=700))
    (result,) = post(registered, far).json()["results"]
    assert result["code"] == "invalid"
    assert "in the future" in result["error"]


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_a_message_that_waits_is_sent_after_a_jump(
    registered, make_diagnoser, database, clock, webhook, config, post, make_sweep,
    jump_s,
):  # fmt: skip
    client = httpx.Client(timeout=60.0)
    deliverer = Deliverer(
        database=database,
        clock=clock,
        client=client,
        owner="sender",
        lease=LEASE,
        channels={"oncall": _channel(webhook.url)},
        retry=RetryPolicy(backoff_s=30.0, cap_s=60.0, keep_s=86_400.0),
        public_url="http://127.0.0.1:8000",
    )
    diagnoser = make_diagnoser()
    object.__setattr__(diagnoser, "channels", (_channel(webhook.url),))
    post(registered, make_sweep(0, is_reference=True, measured_at=clock.now()))
    for seed in range(1, 4):
        clock.step(1)
        loud = make_sweep(seed, scale=3.0, measured_at=clock.now())
        post(registered, loud).raise_for_status()
    diagnoser.run_once()
    webhook.status = 500
    (task,) = deliverer.claim(5)
    deliverer.deliver(task)
    assert deliverer.claim(5) == []
    webhook.status = 200
    clock.moment += timedelta(seconds=jump_s)
    (task,) = deliverer.claim(5)
    assert deliverer.deliver(task).is_delivered
    assert len(webhook.messages) == 1
    client.close()


def _channel(url: str):
    from service.config_values import Channel

    return Channel(name="oncall", url=url)
