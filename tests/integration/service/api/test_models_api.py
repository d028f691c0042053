"""The register over HTTP, and workers that follow it without a restart."""

import threading
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete

from models.errors import ModelFolderError
from service.errors import ModelUnavailableError
from service.operations.comparing import compare_models
from service.operations.judge_tasks import Diagnoser
from service.operations.panel import RegisteredPanel
from service.operations.rescoring import rescore
from service.storage import tables
from service.storage.model_records import Role


class NamedJudge:
    """The threshold judge under a version of its own, with a reading of its own."""

    def __init__(self, inner, version: str, factor: float = 1.0) -> None:
        self.inner, self.model_version, self.factor = inner, version, factor

    def diagnose(self, sweep, reference, reference_id):
        found = self.inner.diagnose(sweep, reference, reference_id)
        kelvin = found.temperature_k
        if kelvin.median is not None:
            values = ("median", "p05", "p16", "p84", "p95")
            scaled = {name: self.factor * getattr(kelvin, name) for name in values}
            found = replace(found, temperature_k=replace(kelvin, **scaled))
        return replace(found, model_version=self.model_version)


@pytest.fixture
def registered(
    database, config, judge, real_clock, register_model, make_folder
) -> tuple[list[str], RegisteredPanel, dict]:
    """Two versions, and a panel that loads judges that need no training."""
    versions = [register_model(make_folder(name)) for name in ("one", "two")]
    behaviour: dict = {"gate": threading.Event(), "loads": []}
    behaviour["gate"].set()

    def load(folder):
        if folder is None:
            return judge
        behaviour["gate"].wait(20)
        behaviour["loads"].append(folder.name)
        if behaviour.get("is_broken"):
            raise ModelUnavailableError("broken on this machine")
        return NamedJudge(judge, folder.name, 1.0 + versions.index(folder.name))

    panel = RegisteredPanel(
        database, real_clock, home=config.home, configured=None, load=load
    )
    return versions, panel, behaviour


@pytest.fixture
def worker(database, registered, real_clock) -> Diagnoser:
    return Diagnoser(
        database=database,
        clock=real_clock,
        panel=registered[1],
        owner="worker-a",
        lease=timedelta(seconds=5),
        channels=(),
    )


def drain(worker: Diagnoser) -> None:
    while worker.run_once():
        pass


def promote(client, version: str, **body: object) -> httpx.Response:
    return client.post(f"models/{version}/promote", json={"by": "A. Tester", **body})


def series(make_sweep, now, count=12):
    """A reference and what follows: healthy, then warm with a loose connector."""
    return [
        make_sweep(
            number,
            is_reference=number == 0,
            measured_at=now + timedelta(seconds=number - 60),
            scale=1.0 if number < 5 else 4.0,
        )
        for number in range(count)
    ]


def test_promotion_and_rollback_over_http(client, registered):
    one, two = registered[0]
    assert promote(client, one).status_code == 200
    document = promote(client, two, reason="better below 10 K").json()
    assert document["cavities"] == {"cavity-1": two}
    (last,) = [
        each for each in document["model"]["transitions"] if each["to"] == "live"
    ]
    assert (last["actor"], last["reason"]) == ("A. Tester", "better below 10 K")
    assert {gate["outcome"] for gate in last["gates"]} == {"passed", "unknown"}
    at = last["at"]
    back = client.post(f"models/{two}/rollback", json={"by": "A. Tester"})
    assert back.json()["live"][0]["version"] == one
    assert client.get("models/live").json()["cavities"] == {"cavity-1": one}
    then = client.get("models/live", params={"at": at}).json()
    assert (then["at"], then["cavities"]) == (at, {"cavity-1": two})
    long_ago = client.get("models/live", params={"at": "2020-01-01T00:00:00Z"}).json()
    assert (long_ago["live"], long_ago["cavities"]) == ([], {"cavity-1": None})
    states = {m["version"]: m["state"] for m in client.get("models").json()["models"]}
    assert states == {one: "live", two: "retired"}
    assert client.get("/readyz").json()["checks"]["model"]["ok"]
    again = client.post(f"models/{two}/rollback", json={"by": "A. Tester"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert client.get("models/none").status_code == 404
    assert promote(client, "none").status_code == 404
    assert promote(client, one, to="best").status_code == 422


def test_a_report_below_its_bars_is_refused(client, register_model, make_folder):
    metrics = {
        "temperature_k": {
            "headline": "rms_error_dex",
            "overall": {"coverage_90": 0.61, "rms_error_dex": 0.1},
            "per_cycle": {"c1": {"coverage_90": 0.4}},
        }
    }
    version = register_model(make_folder("overconfident", metrics=metrics))
    refused = promote(client, version)
    assert (refused.status_code, refused.json()["code"]) == (409, "promotion_refused")
    assert (
        "coverage of temperature_k: 90 % intervals hold 0.610"
        in (refused.json()["detail"])
    )
    assert promote(client, version, force=True).status_code == 422
    assert promote(client, version, force=True, reason="a test").status_code == 200


def test_an_evaluation_that_loses_to_a_baseline_is_refused(
    client, register_model, make_folder
):
    folder = make_folder("loser")
    version = register_model(folder)
    # Evaluated beside: another version, so that its document fits.
    folder = make_folder("loser-too")
    from service.operations.model_folders import read_folder

    split = "held_out_by_cycle"

    def scores(dex):
        return {"headline": "rms_error_dex", "overall": {"rms_error_dex": dex}}

    evaluation = {
        "model": read_folder(folder).version,
        "trained_on_this_archive": False,
        "targets": {
            "temperature_k": {
                "model": scores(0.4),
                "baselines": {
                    "ridge": {split: scores(0.39), "random_split_leaky": scores(0.1)}
                },
            }
        },
    }
    with pytest.raises(Exception, match="the evaluation is of model"):
        register_model(make_folder("third"), evaluation=evaluation)
    version = register_model(folder, evaluation=evaluation)
    refused = promote(client, version).json()
    assert "rms_error_dex 0.4, the best baseline (ridge) 0.39" in refused["detail"]


def test_workers_follow_the_register_without_a_restart_or_a_pause(
    client, post, make_sweep, registered, worker, real_clock
):
    (one, two), panel, behaviour = registered
    sweeps = series(make_sweep, real_clock.now())
    post(client, *sweeps[:3])
    drain(worker)
    promote(client, one)
    worker.run_once()
    panel.settle(20)
    behaviour["gate"].clear()
    promote(client, two)
    post(client, *sweeps[3:5])
    drain(worker)  # the next one is loading: the old one goes on
    behaviour["gate"].set()
    panel.settle(20)
    post(client, *sweeps[5:6])
    drain(worker)
    found = client.get("diagnoses").json()["diagnoses"][::-1]
    spoke = [each["model_version"] for each in found]
    assert spoke == ["threshold-1"] * 3 + [one] * 2 + [two]
    assert behaviour["loads"] == [one, two]
    client.post(f"models/{two}/rollback", json={"by": "A. Tester"})
    worker.run_once()
    panel.settle(20)
    post(client, *sweeps[6:7])
    drain(worker)
    (newest,) = client.get("diagnoses", params={"limit": 1}).json()["diagnoses"]
    assert newest["model_version"] == one


def test_a_model_that_cannot_be_loaded_leaves_the_old_one_at_work(
    client, post, make_sweep, registered, worker, real_clock
):
    (one, two), panel, behaviour = registered
    promote(client, one)
    drain(worker)
    behaviour["is_broken"] = True
    promote(client, two)
    worker.run_once()
    panel.settle(20)
    post(client, *series(make_sweep, real_clock.now())[:2])
    drain(worker)
    spoke = {d["model_version"] for d in client.get("diagnoses").json()["diagnoses"]}
    assert spoke == {one}
    with pytest.raises(ModelUnavailableError):
        RegisteredPanel(
            worker.database,
            real_clock,
            home=panel._home,
            configured=None,
            load=panel._load,
        ).current()


def test_a_shadow_speaks_beside_and_moves_nothing(
    client, post, make_sweep, registered, worker, real_clock
):
    (one, two), _, _ = registered
    promote(client, one)
    promote(client, two, to="shadow")
    sweeps = series(make_sweep, real_clock.now())
    ids = [r["sweep_id"] for r in post(client, *sweeps).json()["results"]]
    drain(worker)
    live = client.get("diagnoses").json()["diagnoses"]
    assert {(d["model_version"], d["role"]) for d in live} == {(one, "live")}
    assert len(live) == len(sweeps)
    beside = client.get("diagnoses", params={"model": two}).json()["diagnoses"]
    assert {(d["model_version"], d["role"]) for d in beside} == {(two, "shadow")}
    assert len(beside) == len(sweeps)
    newest = client.get(f"sweeps/{ids[-1]}/diagnosis").json()
    assert newest["model_version"] == one
    cavity = client.get("cavities/cavity-1").json()
    assert cavity["temperature_k"]["median"] == pytest.approx(16.0, rel=0.05)
    trend = client.get("cavities/cavity-1/trends").json()["temperature_k"]
    assert len(trend["time"]) == len(sweeps)
    # The shadow reads twice the temperature: it would have called where nobody did.
    document = compare_models(worker.database, one, two, since=None)
    assert document["sweeps"] == len(sweeps)
    assert document["condition"]["agreement"] == 1.0
    kelvin = document["estimates"]["temperature_k"]
    assert kelvin["by_both"] == len(sweeps) - 1
    assert kelvin["median_difference"] == pytest.approx(16.0, rel=0.05)
    assert document["alerts"]["first"]["warming"] == 1
    alerts = client.get("alerts", params={"state": "all"}).json()["alerts"]
    assert all(alert["sweep_id"] in ids for alert in alerts)


def test_history_is_judged_again_by_command_and_goes_on_where_it_stopped(
    client, post, make_sweep, registered, worker, judge, database, real_clock
):
    (one, _), _, _ = registered
    now = real_clock.now()
    sweeps = series(make_sweep, now, 40)
    post(client, *sweeps)
    drain(worker)
    window = {
        "cavity": None,
        "measured_from": now - timedelta(seconds=55),
        "measured_to": now + timedelta(days=1),
        "clock": real_clock,
    }
    steps = rescore(database, NamedJudge(judge, one), **window)
    next(steps)
    assert next(steps).done == 16
    steps.close()  # interrupted
    first, *rest = rescore(database, NamedJudge(judge, one), **window)
    assert first.left == 35 - 16
    assert (rest[-1].done, rest[-1].failed, rest[-1].left) == (19, 0, 0)
    assert [s.left for s in rescore(database, NamedJudge(judge, one), **window)] == [0]
    wanted = {"model": one, "limit": 1000}
    found = client.get("diagnoses", params=wanted).json()["diagnoses"]
    assert len(found) == 35
    assert {each["role"] for each in found} == {Role.RESCORED.value}
    assert {d["role"] for d in client.get("diagnoses").json()["diagnoses"]} == {"live"}


def test_a_sweep_that_breaks_the_model_does_not_stop_history(
    client, post, make_sweep, registered, worker, judge, database, real_clock
):
    (one, _), _, _ = registered
    now = real_clock.now()
    post(client, *series(make_sweep, now)[:3], make_sweep(9, run="bad"))
    drain(worker)

    class Breaking(NamedJudge):
        def diagnose(self, sweep, reference, reference_id):
            if sweep.run == "bad":
                raise ModelFolderError("no such band")
            return super().diagnose(sweep, reference, reference_id)

    last = list(
        rescore(
            database,
            Breaking(judge, one),
            cavity="cavity-1",
            measured_from=now - timedelta(days=4000),
            measured_to=now + timedelta(days=1),
            clock=real_clock,
        )
    )[-1]
    assert (last.done, last.failed) == (3, 1)


class TogetherJudge(NamedJudge):
    """Takes sweeps together, and remembers how many."""

    def __init__(self, inner, version: str) -> None:
        super().__init__(inner, version)
        self.sizes: list[int] = []

    def diagnose_many(self, asked):
        self.sizes.append(len(asked))
        return [self.diagnose(*one) for one in asked]


def test_history_is_judged_together_in_the_words_of_one_by_one(
    client,
    post,
    make_sweep,
    registered,
    worker,
    judge,
    database,
    real_clock,
    monkeypatch,
):
    (one, two), _, _ = registered
    now = real_clock.now()
    post(client, *series(make_sweep, now, 20))
    drain(worker)
    window = {
        "cavity": None,
        "measured_from": now - timedelta(days=1),
        "measured_to": now + timedelta(days=1),
        "clock": real_clock,
    }
    (*_, last) = rescore(database, NamedJudge(judge, one), **window)
    together = TogetherJudge(judge, two)
    steps = rescore(database, together, **window)
    next(steps)
    assert next(steps).done == 16
    # No more is held than may be: a sweep at a time, where one alone is that large.
    monkeypatch.setattr("service.operations.loading_sweeps.MOST_SAMPLES", 1)
    assert list(steps)[-1].done == last.done == 20
    assert together.sizes == [16]
    said = []
    for version in (one, two):
        wanted = {"model": version, "limit": 100}
        found = client.get("diagnoses", params=wanted).json()["diagnoses"]
        own = {"model_version": "", "judged_at": ""}
        said.append({each["sweep_id"]: each | own for each in found})
    assert len(said[0]) == 20
    assert said[0] == said[1]


def test_a_sweep_without_samples_does_not_stop_history(
    client, post, make_sweep, registered, worker, judge, database, real_clock
):
    (one, _), _, _ = registered
    now = real_clock.now()
    sent = post(client, *series(make_sweep, now)[:4]).json()["results"]
    drain(worker)
    with database.write() as transaction:
        transaction.execute(
            delete(tables.sweep_payload).where(
                tables.sweep_payload.c.sweep_id == sent[2]["sweep_id"]
            )
        )
    (*_, last) = rescore(
        database,
        TogetherJudge(judge, one),
        cavity="cavity-1",
        measured_from=now - timedelta(days=4000),
        measured_to=now + timedelta(days=1),
        clock=real_clock,
    )
    assert (last.done, last.failed, last.left) == (3, 1, 0)
