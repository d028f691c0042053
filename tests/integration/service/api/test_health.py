"""Health: which dependency fails, by name, and what Prometheus reads."""

from dataclasses import replace

import pytest

from service.context import make_context
from service.storage.sound_samples import note_damaged

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is tested here does not depend on the database."""


@pytest.fixture
def crowded(config, database, judge, running):
    """A service whose disk has less room than it keeps."""
    del database
    context = make_context(
        replace(config, disk_free_bytes=2**60), load=lambda model: judge
    )
    with running(context, context.config) as client:
        yield client
    context.close()


def test_a_full_disk_is_named(crowded):
    answer = crowded.get("readyz")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert [name for name, check in checks.items() if not check["ok"]] == ["disk"]
    assert "HALOWATCH_DISK_FREE_BYTES" in checks["disk"]["reason"]
    assert crowded.get("healthz").status_code == 200


def test_damaged_samples_are_told_and_stop_nobody(client, context):
    noted = {f"sweep-{number}": "it is damaged" for number in range(5)}
    with context.database.write() as transaction:
        note_damaged(transaction, noted)
    answer = client.get("readyz")
    assert answer.status_code == 200
    reason = answer.json()["checks"]["samples"]["reason"]
    named = "sweep-0, sweep-1, sweep-2 and 2 more"
    assert reason.startswith(f"samples of 5 sweeps are damaged ({named}): ")
    assert "halowatch_damaged_sweeps 5.0" in client.get("metrics").text


def test_prometheus_reads_every_promised_series(client, post, make_sweep):
    post(client, make_sweep())
    post(client, make_sweep())
    client.post("sweeps", content=b"x", headers={"content-type": "text/plain"})
    text = client.get("metrics").text
    for series in (
        'halowatch_sweeps_total{outcome="accepted"} 1.0',
        'halowatch_sweeps_total{outcome="duplicate"} 1.0',
        'halowatch_refused_total{code="unsupported_media_type"} 1.0',
        "halowatch_commit_group_size_sum 2.0",
        "halowatch_commit_seconds_count",
        "halowatch_queue_bytes 0.0",
        "halowatch_database_up 1.0",
        "halowatch_settings_good 1.0",
        "halowatch_damaged_sweeps 0.0",
        "halowatch_disk_free_bytes",
        'halowatch_sweep_age_seconds{cavity="cavity-1"}',
        'halowatch_oldest_task_age_seconds{kind="diagnose"}',
        'halowatch_oldest_task_age_seconds{kind="deliver"}',
        "process_resident_memory_bytes",
    ):
        assert series in text, series
    ready = client.get("readyz").json()
    assert ready["status"] == "ready"
    assert set(ready["checks"]) == {"database", "model", "samples", "disk", "settings"}
