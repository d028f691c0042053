"""Readings, cavities, health and metrics over both databases."""

import pytest

READING = {
    "name": "receiver_temperature_k",
    "value": 4.1,
    "measured_at": "2026-01-31T03:00:00Z",
    "source": "thermometer",
}


def test_readings_are_stored_once_and_listed_newest_first(client):
    later = READING | {"measured_at": "2026-01-31T03:00:05+00:00", "cavity": "cavity-1"}
    body = {"readings": [READING, later]}
    assert client.post("readings", json=body).json() == {"accepted": 2, "duplicates": 0}
    assert client.post("readings", json=body).json() == {"accepted": 0, "duplicates": 2}
    listed = client.get("readings").json()["readings"]
    assert [reading["cavity"] for reading in listed] == ["cavity-1", None]
    one = client.get("readings", params={"cavity": "cavity-1"}).json()["readings"]
    assert [reading["value"] for reading in one] == [4.1]
    params = {"name": READING["name"], "to": "2026-01-31T03:00:05Z", "limit": 5}
    early = client.get("readings", params=params).json()["readings"]
    assert [reading["measured_at"] for reading in early] == [
        "2026-01-31T03:00:00.000000Z"
    ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"name": "temperature"}, "name"),
        ({"value": "warm"}, "value"),
        ({"measured_at": "2026-01-31T03:00:00"}, "time zone"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_bad_reading_stores_none_of_its_body(client, change, named):
    answer = client.post("readings", json={"readings": [READING, READING | change]})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    assert client.get("readings").json()["readings"] == []


@pytest.mark.parametrize("body", [b"", b"[]", b'{"readings": []}', b'{"a": 1}', b"{"])
def test_a_body_that_holds_no_readings_is_refused(client, body):
    answer = client.post("readings", content=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_put_changes_only_what_it_names(client):
    body = {"title": "Cavity one", "expected_loaded_q": 8000.0, "sweep_period_s": 60}
    client.put("cavities/cavity-1", json=body).raise_for_status()
    answer = client.put("cavities/cavity-1", json={"sweep_period_s": 30})
    cavity = answer.json()
    assert cavity["title"] == "Cavity one"
    assert cavity["expected_loaded_q"] == 8000.0
    assert cavity["sweep_period_s"] == 30
    cleared = client.put("cavities/cavity-1", json={"title": None}).json()
    assert cleared["title"] is None
    ids = [cavity["id"] for cavity in client.get("cavities").json()["cavities"]]
    assert ids == ["cavity-1"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("cavities/cavity-1", {"colour": "red"}),
        ("cavities/cavity-1", {"sweep_period_s": -1}),
        ("cavities/cavity-1", {"sweep_period_s": "NaN"}),
        ("cavities/%20", {}),
        ("cavities/" + "x" * 65, {}),
    ],
)
def test_a_bad_registration_is_refused(client, path, body):
    answer = client.put(path, json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"


def test_ready_names_what_fails(client, context):
    ready = client.get("readyz")
    assert ready.status_code == 200
    assert ready.json()["checks"]["database"]["ok"] is True
    assert client.get("healthz").json() == {"status": "ok"}
    if context.database.path is None:
        return
    context.database.path.rename(context.database.path.with_suffix(".away"))
    broken = client.get("readyz")
    assert broken.status_code == 503
    assert broken.json()["checks"]["database"]["ok"] is False
    # One fails, and it alone is named.
    assert broken.json()["checks"]["model"]["ok"] is True
    assert "halowatch.sqlite" in broken.json()["checks"]["database"]["reason"]
    assert client.get("healthz").status_code == 200
    assert client.get("metrics").status_code == 200


def test_metrics_tell_what_came_and_what_waits(client, post, make_sweep):
    post(client, make_sweep())
    post(client, make_sweep())
    client.get("sweeps/none")
    text = client.get("metrics").text
    assert 'halowatch_sweeps_total{outcome="accepted"} 1.0' in text
    assert 'halowatch_sweeps_total{outcome="duplicate"} 1.0' in text
    assert 'halowatch_tasks_waiting{kind="diagnose"} 1.0' in text
    assert 'halowatch_refused_total{code="not_found"} 1.0' in text
    assert 'halowatch_sweep_age_seconds{cavity="cavity-1"}' in text
