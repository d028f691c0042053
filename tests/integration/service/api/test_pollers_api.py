"""Pollers tell how they fare; the service keeps it, ages it, counts it."""

from datetime import timedelta

import pytest

from instruments.client import RejectedError, SweepClient
from instruments.measurement.poller_status import (
    CavityMode,
    CavityStatus,
    InstrumentStatus,
    PollerStatus,
    SpoolStatus,
    SweepCounts,
)


@pytest.fixture
def make_status(real_clock):
    def make(**changes) -> PollerStatus:
        now = real_clock.now()
        fields = {
            "poller": "array",
            "reported_at": now,
            "started_at": now - timedelta(minutes=5),
            "period_s": 5.0,
            "spool": SpoolStatus(depth=3, depth_bytes=900, max_bytes=1000),
            "sweeps": SweepCounts(measured=10, stored=7, failed={"not_finite": 2}),
            "instruments": (
                InstrumentStatus(
                    name="vna-1",
                    kind="vna",
                    state="backing_off",
                    since=now,
                    consecutive_failures=3,
                    failed_count=4,
                    last_error="no answer",
                ),
            ),
            "cavities": (
                CavityStatus(cavity="cavity-1", mode=CavityMode.PAUSED, reason="me"),
            ),
        }
        return PollerStatus(**{**fields, **changes})

    return make


@pytest.fixture
def sweep_client(client):
    url = str(client.base_url).removesuffix("/api/v1/")
    with SweepClient(url) as sweep_client:
        yield sweep_client


def test_the_last_status_is_kept_with_its_age(client, sweep_client, make_status):
    sweep_client.put_poller_status(make_status(spool=SpoolStatus(depth=99)))
    sweep_client.put_poller_status(make_status())
    sweep_client.put_poller_status(make_status(poller="other", instruments=()))
    document = client.get("pollers").json()
    first, second = document["pollers"]
    assert (first["poller"], second["poller"]) == ("array", "other")
    assert first["spool"]["depth"] == 3
    assert first["spool"]["oldest_age_s"] is None
    assert first["sweeps"]["failed"] == {"not_finite": 2}
    assert first["instruments"][0]["last_error"] == "no answer"
    assert first["instruments"][0]["lateness_s"] is None
    assert first["is_stale"] is False
    assert 0.0 <= first["age_s"] < 15.0


def test_a_poller_that_is_no_more_is_forgotten(client, sweep_client, make_status):
    sweep_client.put_poller_status(make_status())
    assert client.delete("pollers/array").status_code == 204
    assert client.get("pollers").json()["pollers"] == []
    assert client.delete("pollers/array").status_code == 404


def test_a_wrong_status_is_refused_with_one_sentence(client, sweep_client, make_status):
    refused = client.put("pollers/array", json={"poller": "array"})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "reported_at: is missing"
    assert client.put("pollers/array", content=b"{").status_code == 422
    sweep_client.put_poller_status(make_status())
    message = client.get("pollers").json()["pollers"][0]
    told = {
        name: message[name] for name in ("poller", "reported_at", "started_at", "spool")
    }
    assert client.put("pollers/array", json=told).status_code == 200
    answer = client.put("pollers/east", json=told)
    assert answer.json()["detail"] == (
        "poller: the body tells of 'array', the path of 'east'"
    )
    too_long = client.put("pollers/array", content=b" " * 1_100_000)
    assert too_long.status_code == 413
    with pytest.raises(RejectedError, match="JSON"):
        sweep_client._call("PUT", "/pollers/array", content=b"\xff")


def test_metrics_tell_what_pollers_told(client, sweep_client, make_status):
    sweep_client.put_poller_status(make_status())
    metrics = client.get("metrics").text.splitlines()
    for line in (
        'halowatch_spool_depth{poller="array"} 3.0',
        'halowatch_spool_bytes{poller="array"} 900.0',
        'halowatch_instrument_failures{instrument="vna-1",poller="array"} 4.0',
        'halowatch_poller_failed_attempts{poller="array",reason="not_finite"} 2.0',
        'halowatch_poller_sweeps{outcome="stored",poller="array"} 7.0',
        'halowatch_cavity_mode{cavity="cavity-1",mode="paused",poller="array"} 1.0',
    ):
        assert line in metrics
    (state,) = [line for line in metrics if line.startswith("halowatch_instrument_st")]
    assert 'instrument="vna-1"' in state
    assert 'state="backing_off"' in state
    client.delete("pollers/array")
    gone = client.get("metrics").text
    assert "halowatch_spool_depth{" not in gone


def test_a_cavity_tells_whether_it_is_measured(
    client, sweep_client, make_status, post, make_sweep
):
    assert client.get("cavities/cavity-1").json()["polling"] is None
    sweep_client.put_poller_status(make_status())
    client.put("cavities/cavity-1", json={"sweep_period_s": 60.0})
    post(client, make_sweep(flags=("late", "rf_off")))
    cavity = client.get("cavities/cavity-1").json()
    assert cavity["polling"] == {
        "poller": "array",
        "cavity": "cavity-1",
        "mode": "paused",
        "since": None,
        "until": None,
        "reason": "me",
    }
    assert cavity["flags"] == ["late", "rf_off"]
    assert cavity["latest"]["wide"]["flags"] == ["late", "rf_off"]
    # The sweep is months old, and nobody is to blame.
    assert cavity["state"] == "paused"
    running = CavityStatus(cavity="cavity-1")
    sweep_client.put_poller_status(make_status(cavities=(running,)))
    assert client.get("cavities/cavity-1").json()["state"] == "stale"
