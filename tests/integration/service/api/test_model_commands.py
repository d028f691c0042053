"""``halowatch models`` as people type it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from instruments.measurement.times import format_time
from service.cli import main, models
from service.operations.judge_tasks import Diagnoser
from service.operations.judging import load_judge
from service.operations.panel import RegisteredPanel
from service.storage.cavities import put_cavity


@pytest.fixture
def run(config, database, monkeypatch, real_clock):
    """Run a command on the database of this test; returns exit code and words."""
    for name, value in config.to_environment().items():
        if name.startswith("HALOWATCH_"):
            monkeypatch.setenv(name, value)
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, real_clock.now())

    def run(*arguments: object, code: int = 0):
        words = ["models", *map(str, arguments)]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        if code:
            assert len(result.stderr.strip().splitlines()) == 1
            return result.stderr
        return json.loads(result.stdout) if "--json" in words else result.stdout

    return run


def test_from_a_folder_to_live_and_back(run, shipped_model, make_folder, real_clock):
    assert run("list", "--json") == {"models": []}
    assert "halowatch models register" in run("list")
    first = run("register", shipped_model, "--json")["version"]
    assert run("register", shipped_model, "--json")["is_new"] is False
    folder = make_folder("second", evaluation={})
    second = run("register", folder, "--parent", first, "--json")["version"]
    told = run("promote", first, "--by", "R. Haas")
    assert "passed   baselines on condition" in told
    between = format_time(real_clock.now())
    gates = run("promote", second, "--reason", "new antenna", "--json")["gates"]
    outcomes = {gate["name"]: gate["outcome"] for gate in gates}
    # Its report holds no evaluation: nothing to be compared with, and no refusal.
    assert outcomes["baselines"] == "unknown"
    assert run("live", "--json")["cavities"] == {"cavity-1": second}
    assert run("live", "--at", between, "--json")["cavities"] == {"cavity-1": first}
    assert run("rollback", "--json")["cavities"] == {"cavity-1": first}
    models = {m["version"]: m for m in run("list", "--json")["models"]}
    assert (models[first]["state"], models[second]["state"]) == ("live", "retired")
    assert models[second]["parent"] == first
    assert first in run("list")
    events = [each["event"] for each in models[first]["transitions"]]
    assert events == ["registered", "promoted", "displaced", "restored"]
    run("retire", second, code=2)
    run("retire", first, "--force", "--reason", "no longer ours", "--json")
    assert "no model is live" in run("live")


def test_what_is_wrong_is_said_in_one_line(run, shipped_model, make_folder, tmp_path):
    assert "no such file" in run("register", tmp_path / "none", code=2).lower()
    spoilt = make_folder("spoilt")
    (spoilt / "weights.safetensors").write_bytes(b"")
    assert "is not the file that the manifest names" in run("register", spoilt, code=2)
    version = run("register", shipped_model, "--json")["version"]
    assert "no model 'x'" in run("promote", "x", code=2)
    assert "cavity 'c9'" in run("promote", version, "--cavity", "c9", code=2)
    assert "no model is live" in run("rollback", code=2)
    assert "--at" in run("live", "--at", "yesterday", code=2)
    assert "parent" in run("register", make_folder("w"), "--parent", "z", code=2)
    document = tmp_path / "evaluation.json"
    document.write_text('{"model": "other"}')
    words = run("register", make_folder("v"), "--evaluation", document, code=2)
    assert "halowatch evaluate --json" in words


def test_the_shipped_model_is_timed_compared_and_rescored(
    run,
    post,
    client,
    make_sweep,
    database,
    config,
    real_clock,
    shipped_model,
    make_folder,
    monkeypatch,
):
    # The command runs in this process, which could not take the priority back.
    lowered: list[int] = []
    monkeypatch.setattr(models.os, "nice", lowered.append)
    now = real_clock.now()
    names = ("S21", "S23", "S11")
    sweeps = [
        make_sweep(
            number,
            points=401,
            is_reference=number == 0,
            measured_at=now - timedelta(seconds=60 - number),
        )
        for number in range(12)
    ]
    sweeps = [replace(s, traces=dict.fromkeys(names, s.traces["S21"])) for s in sweeps]
    post(client, *sweeps).raise_for_status()
    first = run("register", shipped_model, "--json")["version"]
    second = run("register", make_folder("second"), "--json")["version"]
    gates = run("promote", first, "--json")["gates"]
    (latency,) = [gate for gate in gates if gate["name"] == "latency"]
    assert "of processor time" in latency["detail"]
    panel = RegisteredPanel(
        database, real_clock, home=config.home, configured=None, load=load_judge
    )
    worker = Diagnoser(
        database=database,
        clock=real_clock,
        panel=panel,
        owner="w",
        lease=timedelta(seconds=30),
        channels=(),
    )
    while worker.run_once():
        pass
    start = format_time(now - timedelta(days=1))
    done = run("rescore", second, "--from", start, "--json")
    assert done == {"version": second, "sweeps_judged": 12, "failed": 0}
    assert lowered == [models.RESCORE_NICENESS]
    assert "0 sweeps judged" in run("rescore", second, "--from", start)
    document = run("compare", first, second, "--since", start, "--json")
    assert document["sweeps"] == 12
    assert document["condition"]["agreement"] == 1.0
    assert "100.0 % of 11 agree" in run("compare", first, second)
