"""A laptop's database goes to a site as it is: bit by bit, once, whoever interrupts."""

import contextlib
import json
import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner

from instruments.measurement import Reading, SweepSettings
from instruments.measurement.bodies import unpack_body
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, decode_sweep
from service.cli.send import command
from service.operations.preparing import SweepPreparer
from service.storage.cavities import put_cavity
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.readings import insert_readings
from service.storage.sweeps import insert_sweeps


@pytest.fixture
def laptop(tmp_path, migrated_file, make_sweep, real_clock, monkeypatch):
    """A database with everything that a sweep may carry."""
    path = tmp_path / "laptop.sqlite"
    shutil.copy(migrated_file, path)
    start = make_sweep().measured_at
    sweeps = [
        make_sweep(
            seed,
            cavity="horn" if seed % 2 else "bench",
            measured_at=start + timedelta(minutes=seed),
            run="run-a",
            step=str(seed),
            route="through",
            conditions={"stage_temperature_k": 4.0 + seed},
            settings=SweepSettings(if_bandwidth_hz=300.0, averaging_count=4),
            flags=("late",) if seed == 3 else (),
            is_reference=seed == 0,
            idempotency_key="mine" if seed == 5 else None,
        )
        for seed in range(8)
    ]
    readings = [
        Reading(
            name="stage_temperature_k",
            value=4.0 + n,
            measured_at=start + timedelta(seconds=n),
            cavity="bench" if n else None,
        )
        for n in range(3)
    ]
    preparer = SweepPreparer(real_clock, TimeOrderedIds(real_clock))
    with (
        contextlib.closing(Database(f"sqlite:///{path}")) as database,
        database.write() as transaction,
    ):
        put_cavity(transaction, "bench", {"title": "Bench"}, real_clock.now())
        put_cavity(transaction, "horn", {"sweep_period_s": 60.0}, real_clock.now())
        insert_sweeps(transaction, [preparer.prepare(sweep) for sweep in sweeps])
        insert_readings(transaction, readings)
    monkeypatch.setenv("HALOWATCH_DATABASE_URL", f"sqlite:///{path}")
    return sweeps


def send(client) -> dict:
    url = str(client.base_url.join("/")).rstrip("/")
    done = CliRunner().invoke(command, ["--url", url, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_all_of_it_arrives_once(client, laptop):
    assert send(client) == {
        "accepted": 8,
        "duplicate": 0,
        "rejected": 0,
        "readings": 3,
    }
    found = client.get("sweeps", params={"limit": 100}).json()["sweeps"]
    headers = {"accept": MSGPACK_MEDIA_TYPE}
    arrived = []
    for sweep in found:
        answer = client.get(f"sweeps/{sweep['sweep_id']}/traces", headers=headers)
        arrived += [decode_sweep(message) for message in unpack_body(answer.content)]
    assert sorted(arrived, key=lambda sweep: sweep.measured_at) == laptop
    assert client.get("cavities/bench").json()["title"] == "Bench"
    assert client.get("cavities/horn").json()["sweep_period_s"] == 60.0
    assert len(client.get("readings").json()["readings"]) == 3
    again = send(client)
    assert (again["accepted"], again["duplicate"]) == (0, 8)


def test_no_service_and_no_address_are_one_line(laptop):
    done = CliRunner().invoke(command, ["--url", "somewhere"])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
