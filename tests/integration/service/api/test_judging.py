"""Accepted sweeps are judged, once each, whoever else tries."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from instruments.measurement import SweepPurpose
from models.serving.predictor import Predictor
from service.operations.judge_tasks import MAX_ATTEMPTS, Diagnoser
from service.operations.panel import Panel
from service.storage.engine import Database
from service.storage.records import TaskKind
from service.storage.reference_search import find_reference, find_references
from service.storage.sweep_queries import get_sweeps
from service.storage.tasks import claim_tasks, list_backlog


@pytest.fixture
def diagnoser(database, judge, real_clock) -> Diagnoser:
    return Diagnoser(
        database=database,
        clock=real_clock,
        panel=Panel.of(judge),
        owner="worker-a",
        # No lease ends meanwhile, however busy the machine is.
        lease=timedelta(seconds=60),
        channels=(),
    )


def drain(diagnoser: Diagnoser) -> int:
    total = 0
    while count := diagnoser.run_once():
        total += count
    return total


def test_without_a_model_nothing_is_good(
    client, post, make_sweep, diagnoser, real_clock
):
    post(client, make_sweep(1, is_reference=True, measured_at=real_clock.now()))
    drain(replace(diagnoser, panel=Panel.of(Predictor.without_model())))
    cavity = client.get("cavities/cavity-1").json()
    assert cavity["condition"]["state"] == "not_trained"
    assert cavity["state"] == "unknown"


def test_a_reference_with_void_samples_is_none(client, post, make_sweep, diagnoser):
    start = make_sweep().measured_at
    minutes = [start + timedelta(seconds=60 * n) for n in range(3)]
    sweeps = [
        make_sweep(1, is_reference=True, flags=("late",)),
        make_sweep(2, measured_at=minutes[1], is_reference=True, flags=("rf_off",)),
        make_sweep(3, measured_at=minutes[2]),
    ]
    ids = [r["sweep_id"] for r in post(client, *sweeps).json()["results"]]
    drain(diagnoser)
    diagnosis = client.get(f"sweeps/{ids[2]}/diagnosis").json()
    assert diagnosis["reference_sweep"] == ids[0]


def backlog(database, kind=TaskKind.DIAGNOSE):
    with database.read() as transaction:
        return list_backlog(transaction, (kind,))[0]


def test_a_reference_is_found_within_its_thermal_cycle(
    client, post, make_sweep, diagnoser
):
    start = make_sweep().measured_at
    later = start + timedelta(seconds=60)
    sweeps = [
        make_sweep(1, is_reference=True),
        make_sweep(2, measured_at=later),
        make_sweep(3, measured_at=later, thermal_cycle="other"),
        make_sweep(4, measured_at=later, points=99),
        make_sweep(5, measured_at=start - timedelta(seconds=60)),
    ]
    ids = [r["sweep_id"] for r in post(client, *sweeps).json()["results"]]
    assert drain(diagnoser) == 5
    diagnoses = [client.get(f"sweeps/{i}/diagnosis").json() for i in ids]
    states = [d["condition"]["state"] for d in diagnoses]
    assert states == ["no_reference", "estimated", *["no_reference"] * 3]
    assert diagnoses[1]["reference_sweep"] == ids[0]
    assert diagnoses[1]["temperature_k"]["median"] == pytest.approx(4.0, abs=0.1)
    assert backlog(diagnoser.database).waiting == 0


@pytest.mark.parametrize("wait_s", [60.0])
def test_wait_answers_with_the_diagnosis(client, post, make_sweep, diagnoser):
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            diagnoser.run_once()
            stop.wait(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        answer = post(client, make_sweep(), path="sweeps?wait=diagnosis")
    finally:
        stop.set()
        thread.join()
    (result,) = answer.json()["results"]
    assert result["diagnosis"]["model_version"] == "threshold-1"
    assert result["diagnosis"]["sweep_id"] == result["sweep_id"]


@pytest.mark.parametrize("wait_s", [120.0])
def test_who_waits_while_the_service_ends_is_told_that_it_is_stored(
    client, post, make_sweep, context
):
    ending = threading.Timer(0.3, context.broadcaster.close)
    ending.start()
    answer = post(client, make_sweep(), path="sweeps?wait=diagnosis")
    ending.join()
    assert answer.status_code == 201
    (result,) = answer.json()["results"]
    assert (result["status"], result["diagnosis"]) == ("accepted", None)


def test_diagnose_judges_against_the_stored_reference_and_stores_nothing(
    client, post, make_sweep, diagnoser
):
    reference = make_sweep(is_reference=True)
    reference_id = post(client, reference).json()["results"][0]["sweep_id"]
    later = make_sweep(
        1, scale=3.0, measured_at=reference.measured_at + timedelta(seconds=1)
    )
    answer = post(client, later, path="diagnose").json()
    assert answer["model"] == "threshold-1"
    (diagnosis,) = answer["diagnoses"]
    assert diagnosis["condition"]["label"] == "loose_connector"
    assert diagnosis["reference_sweep"] == reference_id
    assert len(client.get("sweeps").json()["sweeps"]) == 1
    assert client.get("diagnoses").json()["diagnoses"] == []


@pytest.fixture
def patient_database(config):
    """Waits for its lock as the service does, however loaded the machine is."""
    database = Database(config.database_url, busy_timeout_s=30.0)
    yield database
    database.close()


def test_two_workers_never_judge_a_sweep_twice(
    client, post, make_sweep, diagnoser, patient_database
):
    judged: list[str] = []
    lock = threading.Lock()
    inner = diagnoser.panel.current().live_for("cavity-1")

    class Counting:
        model_version = inner.model_version

        def diagnose(self, sweep, reference, reference_id):
            with lock:
                judged.append(sweep.content_hash())
            return inner.diagnose(sweep, reference, reference_id)

    sweeps = [make_sweep(seed) for seed in range(120)]
    for start in range(0, 120, 30):
        post(client, *sweeps[start : start + 30])
    workers = [
        replace(
            diagnoser,
            database=patient_database,
            owner=f"worker-{name}",
            panel=Panel.of(Counting()),
            # No lease ends meanwhile, however busy the machine is.
            lease=timedelta(seconds=60),
        )
        for name in "abc"
    ]
    threads = [threading.Thread(target=drain, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(judged) == sorted(sweep.content_hash() for sweep in sweeps)
    page = client.get("diagnoses", params={"limit": 1000}).json()
    assert len(page["diagnoses"]) == 120


def test_a_worker_that_lost_its_lease_stores_nothing(
    client, post, make_sweep, diagnoser, database, real_clock
):
    post(client, make_sweep())
    with database.write() as transaction:
        (task,) = claim_tasks(
            transaction,
            TaskKind.DIAGNOSE,
            owner="worker-b",
            now=real_clock.now(),
            lease=timedelta(seconds=0),
            horizon=timedelta(hours=1),
            limit=1,
        )
    assert drain(diagnoser) == 1
    late = replace(diagnoser, owner="worker-b")
    result = late._judge(task, late.panel.current())
    late._store([(task, result)])
    assert len(client.get("diagnoses").json()["diagnoses"]) == 1


def test_sweeps_are_judged_together_up_to_a_reference(
    client, post, make_sweep, diagnoser, judge
):
    asked = []

    class Together:
        model_version = judge.model_version
        diagnose = judge.diagnose

        def diagnose_many(self, several):
            asked.append([reference_id for *_, reference_id in several])
            return [judge.diagnose(*one) for one in several]

    start = make_sweep().measured_at
    sweeps = [
        make_sweep(
            seed,
            measured_at=start + timedelta(seconds=seed),
            is_reference=seed in (2, 5),
            thermal_cycle="other" if seed == 8 else None,
        )
        for seed in range(10)
    ]
    ids = [r["sweep_id"] for r in post(client, *sweeps).json()["results"]]
    assert drain(replace(diagnoser, panel=Panel.of(Together()))) == 10
    first, second = ids[2], ids[5]
    assert asked == [[None] * 3, [first] * 3, [second, second, None, second]]
    with diagnoser.database.read() as transaction:
        records = list(get_sweeps(transaction, ids).values())
        together = find_references(transaction, records)
        assert together == [find_reference(transaction, each) for each in records]


def test_a_sweep_that_breaks_the_judge_is_kept_for_a_person(
    client, post, make_sweep, diagnoser, judge, clock
):
    class Breaking:
        model_version = "breaking"

        def diagnose(self, sweep, reference, reference_id):
            if sweep.run == "bad":
                raise ZeroDivisionError("no ratio")
            return judge.diagnose(sweep, reference, reference_id)

    post(client, make_sweep(run="bad"), make_sweep(1))
    clock.moment = make_sweep().measured_at + timedelta(days=3650)
    worker = replace(diagnoser, panel=Panel.of(Breaking()), clock=clock)
    for _ in range(MAX_ATTEMPTS + 2):
        worker.run_once()
        clock.step(100)
    left = backlog(diagnoser.database)
    assert (left.waiting, left.given_up) == (0, 1)
    assert len(client.get("diagnoses").json()["diagnoses"]) == 1


def test_trends_and_state_follow_the_diagnoses(client, post, make_sweep, diagnoser):
    start = diagnoser.clock.now() - timedelta(seconds=100)
    sweeps = [
        make_sweep(
            number,
            is_reference=number == 0,
            measured_at=start + timedelta(seconds=number),
            scale=1.0 + 0.01 * number,
        )
        for number in range(20)
    ]
    narrow = make_sweep(
        99, purpose=SweepPurpose.TRANSMISSION, measured_at=start + timedelta(seconds=30)
    )
    post(client, *sweeps, narrow)
    assert client.get("cavities/cavity-1").json()["state"] == "unknown"
    drain(diagnoser)
    cavity = client.get("cavities/cavity-1").json()
    assert cavity["state"] == "good"
    assert cavity["condition"]["label"] == "healthy"
    assert cavity["condition"]["set"] == ["healthy"]
    assert cavity["reference"]["sweep_id"]
    assert cavity["resonance"]["state"] == "ok"
    assert cavity["resonance"]["loaded_q"] == 8000.0
    assert cavity["temperature_k"]["age_s"] == pytest.approx(81, abs=20)
    client.put("cavities/cavity-1", json={"sweep_period_s": 1}).raise_for_status()
    assert client.get("cavities").json()["cavities"][0]["state"] == "stale"
    trends = client.get("cavities/cavity-1/trends", params={"points": 16}).json()
    temperature = trends["temperature_k"]
    assert len(temperature["time"]) <= 16
    assert max(v for v in temperature["median"] if v) == pytest.approx(4.76, abs=0.02)
    assert temperature["time"] == sorted(temperature["time"])
    assert trends["loaded_q"]["value"] == [8000.0]
    assert trends["coupling_beta"]["value"] == []


def test_years_old_sweeps_are_stale_though_no_period_is_registered(
    client, post, make_sweep, diagnoser
):
    post(client, make_sweep(purpose=SweepPurpose.TRANSMISSION)).raise_for_status()
    drain(diagnoser)
    cavity = client.get("cavities/cavity-1").json()
    assert (cavity["sweep_period_s"], cavity["stale_after_s"]) == (None, 3600.0)
    assert cavity["state"] == "stale"


def test_a_cavity_is_not_good_before_its_wide_sweep_is_judged(
    client, post, make_sweep, diagnoser, real_clock
):
    narrow = make_sweep(purpose=SweepPurpose.TRANSMISSION, measured_at=real_clock.now())
    post(client, narrow).raise_for_status()
    drain(diagnoser)
    assert client.get("cavities/cavity-1").json()["state"] == "unknown"
