"""``halowatch serve`` as it runs: its workers, its deaths, its webhook."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import psutil
import pytest

from instruments.measurement import SweepPurpose


def children_of(served) -> list[psutil.Process]:
    return psutil.Process(served.process.pid).children(recursive=True)


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=90)
    assert alive == []


def register(client, cavity: str = "cavity-1", **settings) -> None:
    client.put(f"/cavities/{cavity}", json=settings).raise_for_status()


def diagnoses(client) -> list[dict]:
    return client.get("/diagnoses", params={"limit": 1000}).json()["diagnoses"]


def test_a_sweep_is_judged_and_interrupt_leaves_nothing_behind(
    serve, post, make_sweep, wait_for
):
    served = serve()
    register(served.client)
    answer = post(served.client, make_sweep(), path="/sweeps?wait=diagnosis")
    assert answer.status_code == 201
    (result,) = answer.json()["results"]
    if result["diagnosis"] is None:
        # The first one also waits for the worker to load its libraries.
        path = f"/sweeps/{result['sweep_id']}/diagnosis"
        wait_for(lambda: served.client.get(path).status_code == 200, 90)
        result["diagnosis"] = served.client.get(path).json()
    assert result["diagnosis"]["condition"]["state"] == "not_trained"
    workers = children_of(served)
    assert len(workers) == 3
    assert served.stop(signal.SIGINT) == 0
    assert_gone(workers)


def test_killed_between_accept_and_judge_it_judges_after_restart_once(
    serve, post, make_sweep, wait_for
):
    served = serve("--no-workers")
    register(served.client)
    sweeps = [make_sweep(seed) for seed in range(20)]
    ids = [
        result["sweep_id"]
        for sweep in sweeps
        for result in post(served.client, sweep, path="/sweeps").json()["results"]
    ]
    served.stop(signal.SIGKILL)
    again = serve()
    wait_for(lambda: len(diagnoses(again.client)) == 20, 90)
    found = [diagnosis["sweep_id"] for diagnosis in diagnoses(again.client)]
    assert sorted(found) == sorted(ids)
    duplicate = post(again.client, sweeps[0], path="/sweeps").json()["results"][0]
    assert duplicate == {"sweep_id": ids[0], "status": "duplicate", "error": None}


@pytest.mark.slow
def test_killed_under_load_it_loses_nothing_that_it_accepted(
    serve, post, make_sweep, wait_for
):
    accepted: set[str] = set()
    served = serve()
    register(served.client)
    for round_number in range(2):
        for number in range(60):
            sweep = make_sweep(1000 * round_number + number)
            answer = post(served.client, sweep, path="/sweeps")
            accepted.add(answer.json()["results"][0]["sweep_id"])
        workers = children_of(served)
        served.stop(signal.SIGKILL)
        assert_gone(workers)
        served = serve()
    wait_for(lambda: len(diagnoses(served.client)) == 120, 90)
    assert {diagnosis["sweep_id"] for diagnosis in diagnoses(served.client)} == accepted


def test_a_killed_worker_is_replaced_and_its_task_is_judged(
    serve, post, make_sweep, wait_for
):
    served = serve()
    register(served.client)
    for child in children_of(served):
        os.kill(child.pid, signal.SIGKILL)
    post(served.client, make_sweep(), path="/sweeps").raise_for_status()
    wait_for(lambda: len(diagnoses(served.client)) == 1, 90)
    assert len(diagnoses(served.client)) == 1


def test_silence_reaches_the_webhook_once_it_recovers(
    serve, webhook, wait_for, post, make_sweep, real_clock
):
    webhook.status = 500
    served = serve()
    register(served.client, sweep_period_s=1)
    wait_for(lambda: len(webhook.refused) >= 2, 90)
    (alert,) = served.client.get("/alerts").json()["alerts"]
    assert alert["rule"] == "no_data"
    assert alert["deliveries"][0]["state"] == "pending"
    webhook.status = 200
    wait_for(lambda: webhook.messages, 90)
    (message,) = webhook.messages
    assert message["event"] == "raised"
    assert message["alert_id"] == alert["id"]
    body = {"by": "ada", "duration_s": 600}
    served.client.post(f"/alerts/{alert['id']}/acknowledge", json=body)
    for seed in range(2):
        sweep = make_sweep(seed, measured_at=real_clock.now())
        post(served.client, sweep, path="/sweeps").raise_for_status()
    wait_for(lambda: len(webhook.messages) == 3, 90)
    assert [m["event"] for m in webhook.messages] == [
        "raised",
        "acknowledged",
        "cleared",
    ]

    def history():
        answer = served.client.get("/alerts", params={"state": "all"})
        (alert,) = answer.json()["alerts"]
        return alert

    # No further sweep is due for long: the next alert is none of this test.
    register(served.client, sweep_period_s=3600)
    # The webhook has the message a moment before the delivery is written down.
    wait_for(lambda: {d["state"] for d in history()["deliveries"]} == {"delivered"}, 90)
    assert history()["state"] == "normal"


def test_every_post_that_waits_gets_its_diagnosis(serve, post, make_sweep, wait_for):
    served = serve()
    register(served.client)
    post(served.client, make_sweep(), path="/sweeps").raise_for_status()
    wait_for(lambda: diagnoses(served.client), 90)
    for seed in range(1, 11):
        sweep = make_sweep(seed, purpose=SweepPurpose.WIDE)
        answer = post(served.client, sweep, path="/sweeps?wait=diagnosis")
        assert answer.json()["results"][0]["diagnosis"] is not None


def test_workers_alone_judge_what_another_process_accepted(
    serve, post, make_sweep, wait_for
):
    served = serve("--no-workers")
    register(served.client)
    for seed in range(30):
        post(served.client, make_sweep(seed), path="/sweeps").raise_for_status()
    command = [sys.executable, "-m", "service.cli", "worker", "diagnose"]
    workers = [
        subprocess.Popen(command, env=served.environment, start_new_session=True)
        for _ in range(2)
    ]
    try:
        wait_for(lambda: len(diagnoses(served.client)) == 30, 90)
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
    assert [worker.wait(90) for worker in workers] == [0, 0]
    found = [diagnosis["sweep_id"] for diagnosis in diagnoses(served.client)]
    assert len(set(found)) == 30


def test_a_taken_port_is_one_line(serve, config):
    served = serve("--no-workers")
    port = str(served.client.base_url.port)
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "serve", "--port", port, "--no-workers"],
        env=config.to_environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr.decode().splitlines()[-1]


def test_old_leases_run_out(serve, post, make_sweep, wait_for, database, real_clock):
    from service.storage.records import TaskKind
    from service.storage.tasks import claim_tasks

    served = serve("--no-workers")
    register(served.client)
    post(served.client, make_sweep(), path="/sweeps").raise_for_status()
    with database.write() as transaction:
        claimed = claim_tasks(
            transaction,
            TaskKind.DIAGNOSE,
            owner="a worker that died",
            now=real_clock.now(),
            lease=timedelta(seconds=2),
            horizon=timedelta(hours=1),
            limit=5,
        )
    assert len(claimed) == 1
    again = serve()
    wait_for(lambda: len(diagnoses(again.client)) == 1, 90)


def test_a_promoted_model_judges_without_a_restart(
    serve, post, make_sweep, wait_for, shipped_model, make_folder
):
    served = serve(HALOWATCH_MODEL=str(shipped_model))
    register(served.client)
    live = served.client.get("/models/live").json()["live"]
    (first,) = [post["version"] for post in live]

    def models(*words: str) -> None:
        command = [sys.executable, "-m", "service.cli", "models", *words]
        subprocess.run(command, env=served.environment, check=True, timeout=120)

    post(served.client, make_sweep(0), path="/sweeps").raise_for_status()
    wait_for(lambda: [d["model_version"] for d in diagnoses(served.client)] == [first])
    workers = children_of(served)
    folder = make_folder("second")
    models("register", str(folder))
    known = {m["version"] for m in served.client.get("/models").json()["models"]}
    (second,) = known - {first}
    models("promote", second)
    seeds = iter(range(1, 200))

    def judged_by_the_second() -> bool:
        post(served.client, make_sweep(next(seeds)), path="/sweeps").raise_for_status()
        return second in {d["model_version"] for d in diagnoses(served.client)}

    wait_for(judged_by_the_second)
    assert children_of(served) == workers
    models("rollback")
    assert served.client.get("/models/live").json()["live"][0]["version"] == first
