"""The pages over a real database."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import Request

from service.config import read_config
from service.context import make_context
from service.dashboard.source import StoredWall, wall_source
from service.storage.alert_records import AlertRecord
from service.storage.alerts import insert_alert
from service.storage.cavities import put_cavity
from service.storage.engine import Database
from service.storage.migration import upgrade


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'wall.sqlite'}")
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def wall(database: Database, clock) -> StoredWall:
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {"title": "Cavity 1"}, clock.now())
        for number, state in enumerate(("active_unacknowledged", "normal")):
            insert_alert(transaction, alert(f"alert-{number}", state, clock.now()))
    return StoredWall(database, clock)


def alert(alert_id: str, state: str, raised_at) -> AlertRecord:
    return AlertRecord(
        alert_id=alert_id,
        rule="receiver_condition",
        scope="cavity",
        cavity="cavity-1",
        cavities=("cavity-1",),
        severity="major",
        title="Loose connector",
        cause="A connector came loose.",
        action="Tighten it.",
        state=state,
        reason="2 of 3 wide sweeps say so",
        sweep_id=None,
        sweep_measured_at=None,
        raised_at=raised_at,
    )


def test_cavities_carry_the_server_time(wall, clock):
    clock.step(5)
    answer = wall.cavities()
    assert answer["server_time"].startswith("2026-01-31T03:00:05")
    assert [cavity["id"] for cavity in answer["cavities"]] == ["cavity-1"]
    assert answer["cavities"][0]["state"] == "alarm"


def test_cavity_is_none_when_nobody_registered_it(wall):
    assert wall.cavity("nobody") is None
    assert wall.cavity("cavity-1")["title"] == "Cavity 1"


@pytest.mark.parametrize(("state", "count"), [("active", 1), ("all", 2)])
def test_alerts_by_state(wall, clock, state, count):
    clock.step(timedelta(minutes=1).total_seconds())
    alerts = wall.alerts(state)["alerts"]
    assert len(alerts) == count
    assert alerts[-1]["age_s"] == 60


def test_what_cleared_before_anybody_saw_it_is_counted(wall, database, clock):
    assert wall.unseen_count() == 0
    with database.write() as transaction:
        insert_alert(transaction, alert("a", "cleared_unacknowledged", clock.now()))
    assert wall.unseen_count() == 1


def test_diagnosis_is_none_before_the_sweep_was_judged(wall):
    assert wall.diagnosis("sweep-of-nobody") is None


def test_wall_source_reads_the_database_of_the_process(tmp_path, clock):
    url = f"sqlite:///{tmp_path / 'process.sqlite'}"
    context = make_context(read_config({"HALOWATCH_DATABASE_URL": url}), clock=clock)
    upgrade(context.database)
    try:
        state = SimpleNamespace(context=context)
        scope = {"type": "http", "app": SimpleNamespace(state=state)}
        assert wall_source(Request(scope)).cavities()["cavities"] == []
    finally:
        context.close()


def test_pages_render_what_the_database_holds(wall, get_with):
    page = get_with(wall, "/").text
    assert "Loose connector" in page
    assert get_with(wall, "/cavities/cavity-1").status_code == 200
    assert "Tighten it." in get_with(wall, "/alerts").text
