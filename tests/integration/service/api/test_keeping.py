"""What is kept, what is thinned and what is gone, as the API tells it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.operations.retaining import retain


@pytest.fixture
def stored(client, post, make_sweep) -> list[str]:
    sweeps = [make_sweep(seed, 401, run="run-7") for seed in range(3)]
    return [r["sweep_id"] for r in post(client, *sweeps).json()["results"]]


def test_a_kept_sweep_outlives_its_month(client, stored, context):
    kept = client.put(f"sweeps/{stored[0]}/keep", json={"keep": True})
    assert kept.json()["keep"] is True
    page = client.get("sweeps", params={"keep": True}).json()["sweeps"]
    assert [sweep["sweep_id"] for sweep in page] == [stored[0]]
    later = context.clock.now() + timedelta(days=70)
    thinning = replace(context.config, original_keep_s=86_400.0)
    retain(context.database, thinning, later)
    states = [client.get(f"sweeps/{one}").json()["samples"] for one in stored]
    assert [one["state"] for one in states] == ["original", "quantised", "quantised"]
    assert states[0]["noise"] is None
    assert states[1]["noise"]["S21"] == pytest.approx(1e-3, rel=0.3)
    assert client.get(f"sweeps/{stored[1]}/traces").status_code == 200
    dropping = replace(context.config, sample_keep_s=86_400.0)
    retain(context.database, dropping, later)
    assert client.get(f"sweeps/{stored[0]}/traces").status_code == 200
    gone = client.get(f"sweeps/{stored[1]}/traces")
    assert gone.status_code == 410
    assert gone.json()["code"] == "samples_expired"
    assert client.get(f"sweeps/{stored[1]}").json()["samples"]["state"] == "expired"
    assert len(client.get("sweeps", params={"run": "run-7"}).json()["sweeps"]) == 3


def test_keep_is_taken_back(client, stored):
    for wish in (True, False):
        answer = client.put(f"sweeps/{stored[0]}/keep", json={"keep": wish})
        assert answer.json()["keep"] is wish
    assert client.get("sweeps", params={"keep": True}).json()["sweeps"] == []


@pytest.mark.parametrize("body", [{}, {"keep": "yes"}, {"keep": 1}, {"keep": None}])
def test_keep_takes_true_or_false(client, stored, body):
    answer = client.put(f"sweeps/{stored[0]}/keep", json=body)
    assert answer.status_code == 422


def test_an_unknown_sweep_cannot_be_kept(client):
    answer = client.put("sweeps/none/keep", json={"keep": True})
    assert answer.status_code == 404


def test_a_nearly_full_disk_refuses_sweeps_until_there_is_room(
    client, post, make_sweep, context
):
    if context.database.path is None:
        pytest.skip("about the disk of a SQLite file")
    guard = context.ingest._disk
    guard._least_bytes, kept = 2**62, guard._least_bytes
    guard._next_look_s = 0.0
    answer = post(client, make_sweep(1))
    assert answer.status_code == 503
    assert answer.json()["code"] == "disk_full"
    assert answer.headers["retry-after"] == "30"
    guard._least_bytes = kept
    assert post(client, make_sweep(1)).status_code == 201
