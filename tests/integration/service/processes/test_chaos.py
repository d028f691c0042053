"""The long trials of tests/benchmarks in short: kills, a lost primary."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


@pytest.fixture
def report_of(root: Path, tmp_path: Path):
    """Run a trial in a process of its own and return what it accounts for."""

    def run(script: str, **options: float) -> dict:
        flags = [f"--{name.replace('_', '-')}={v}" for name, v in options.items()]
        place = root / "tests" / "benchmarks" / script
        done = subprocess.run(
            [sys.executable, str(place), str(tmp_path), *flags],
            capture_output=True,
            timeout=400,
            cwd=root,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        return json.loads(done.stdout[done.stdout.index(b"{") :])

    return run


def test_what_was_acknowledged_is_stored_and_judged_once_through_all_kills(report_of):
    report = report_of(
        "chaos.py",
        duration=17,
        kill_every=2,
        vnas=3,
        least_kills=8,
        least_posted=20,
    )
    assert sum(report["kills"].values()) >= 8
    assert set(report["kills"]) >= {"poller", "postgresql", "api-1", "diagnoser-1"}
    assert report["spooled_count"] > 5
    assert report["posted_count"] > 20
    assert report["posted_answers"]["duplicate"] > 0
    assert report["poster_ended"]
    assert report["stored_count"] >= report["spooled_count"] + report["posted_count"]
    assert report["judged_count"] == report["stored_count"]
    for name in (
        "lost_of_the_spool",
        "lost_of_the_posted",
        "answered_with_another_id",
        "without_samples",
        "not_judged",
        "judged_twice",
        "told_wrongly",
    ):
        assert report[name] == [], name
    assert report["tasks_left"] == 0


def test_a_promoted_standby_has_all_that_its_primary_acknowledged(report_of):
    report = report_of("failover.py", load=4, away=6, least=20)
    assert report["acknowledged_by_the_primary"] > 20
    assert report["acknowledged_after_promotion"] > 0
    assert report["acknowledged_without_standby"] == 0
    assert report["missing"] == []


def test_while_the_database_is_stopped_spools_keep_all_and_drain_in_order(report_of):
    report = report_of("outage.py", away=4)
    assert report["stored_count"] == report["measured_count"]
    assert report["in_order"]
    assert report["deepest_spool"] > 20
    assert report["left_in_spool"] == report["rejected_total"] == 0
    assert set(report["answers_while_down"]) == {"readyz 503", "post 503"}
    assert "database" in report["named"]
