"""Sweeps go in by three forms and come out bit for bit."""

import json
from datetime import timedelta

import msgpack
import numpy as np
import pytest

from instruments.files import format_touchstone, read_touchstone
from instruments.measurement import SweepPurpose, TruthFlag
from instruments.measurement.bodies import unpack_body
from instruments.measurement.message import (
    MSGPACK_MEDIA_TYPE,
    decode_sweep,
    encode_sweeps,
    sweep_to_json,
    sweep_to_mapping,
)

PROBLEM = "application/problem+json"


def stored(client, sweep_id):
    headers = {"accept": MSGPACK_MEDIA_TYPE}
    answer = client.get(f"sweeps/{sweep_id}/traces", headers=headers)
    return decode_sweep(unpack_body(answer.content)[0])


def test_a_sweep_comes_back_bit_for_bit(client, post, make_sweep):
    sweep = make_sweep(
        run="7",
        step="3",
        route="bypass",
        is_reference=True,
        conditions={"receiver_temperature_k": 4.1},
        flags=(TruthFlag.LATE, TruthFlag.SETTINGS_DRIFT),
        idempotency_key="a key",
    )
    answer = post(client, sweep)
    assert answer.status_code == 201
    (result,) = answer.json()["results"]
    assert result["status"] == "accepted"
    assert stored(client, result["sweep_id"]) == sweep
    described = client.get(f"sweeps/{result['sweep_id']}").json()
    assert described["conditions"] == {"receiver_temperature_k": 4.1}
    assert described["is_reference"] is True
    assert described["flags"] == ["late", "settings_drift"]
    assert described["point_count"] == 101
    assert described["stop_frequency_hz"] == 8e9


def test_the_same_sweep_again_is_a_duplicate_with_the_same_id(client, post, make_sweep):
    first = post(client, make_sweep()).json()["results"][0]
    again = post(client, make_sweep()).json()["results"][0]
    assert again == {**first, "status": "duplicate"}
    assert len(client.get("sweeps").json()["sweeps"]) == 1


def test_the_same_samples_with_other_flags_are_a_duplicate(client, post, make_sweep):
    first = post(client, make_sweep(flags=("late",))).json()["results"][0]
    again = post(client, make_sweep(flags=("spikes",))).json()["results"][0]
    assert again == {**first, "status": "duplicate"}
    assert client.get(f"sweeps/{first['sweep_id']}").json()["flags"] == ["late"]


def test_sweeps_are_found_by_flag(client, post, make_sweep):
    flagged = [(), ("late",), ("late", "rf_off"), ("rf_off",)]
    post(client, *(make_sweep(n, flags=flags) for n, flags in enumerate(flagged)))

    def found(flag):
        answer = client.get("sweeps", params={"flag": flag}).json()["sweeps"]
        return sorted(tuple(sweep["flags"]) for sweep in answer)

    assert found("late") == [("late",), ("late", "rf_off")]
    assert found("rf_off") == [("late", "rf_off"), ("rf_off",)]
    assert found("spikes") == []
    refused = client.get("sweeps", params={"flag": "rf"})
    assert refused.status_code == 422
    assert "flag" in refused.json()["detail"]


def test_an_unknown_flag_is_one_sentence(client, make_sweep):
    message = sweep_to_json(make_sweep()) | {"flags": ["spiky"]}
    answer = client.post("sweeps", json=message)
    assert answer.status_code == 422
    (result,) = answer.json()["results"]
    assert result["error"].startswith("flags: 'spiky' is no truth flag; known are ")


def test_one_body_with_the_same_sweep_twice_stores_one(client, post, make_sweep):
    answer = post(client, make_sweep(), make_sweep(seed=1), make_sweep())
    results = answer.json()["results"]
    assert [r["status"] for r in results] == ["accepted", "accepted", "duplicate"]
    assert results[0]["sweep_id"] == results[2]["sweep_id"]


def test_the_same_key_with_other_bytes_is_a_conflict(client, post, make_sweep):
    assert post(client, make_sweep(1, idempotency_key="k")).status_code == 201
    answer = post(client, make_sweep(2, idempotency_key="k"))
    assert answer.status_code == 409
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "idempotency_key_conflict"
    assert answer.json()["results"][0]["status"] == "rejected"
    mixed = post(client, make_sweep(2, idempotency_key="k"), make_sweep(3))
    assert mixed.status_code == 201
    assert [r["status"] for r in mixed.json()["results"]] == ["rejected", "accepted"]


def test_json_and_multipart_store_as_msgpack_does(client, make_sweep):
    sweep = make_sweep()
    answer = client.post("sweeps", json=sweep_to_json(sweep))
    assert answer.status_code == 201
    assert stored(client, answer.json()["results"][0]["sweep_id"]) == sweep
    suffix, text = format_touchstone(sweep.frequency_hz, sweep.traces)
    form = {
        "cavity": "cavity-1",
        "measured_at": "2026-01-31T03:00:01Z",
        "purpose": "wide",
        "thermal_cycle": "2026-01",
    }
    files = {"file": (f"trace{suffix}", text.encode())}
    answer = client.post("sweeps", data=form, files=files)
    assert answer.status_code == 201, answer.text
    restored = stored(client, answer.json()["results"][0]["sweep_id"])
    for name, trace in sweep.traces.items():
        assert restored.traces[name].tobytes() == trace.tobytes()


def test_an_archive_stores_every_sweep(client, tmp_path):
    rng = np.random.default_rng(0)
    s = rng.standard_normal((5, 1, 40)) + 1j * rng.standard_normal((5, 1, 40))
    path = tmp_path / "archive.npz"
    np.savez(
        path,
        frequency_hz=np.linspace(4e9, 8e9, 40),
        s=s.astype(np.complex64),
        s_parameters=np.array(["S21"]),
        cavity=np.array(["cavity-1"] * 5),
        thermal_cycle=np.array(["c"] * 5),
        measured_at=1.7e9 + np.arange(5.0),
        is_reference=np.array([True] + [False] * 4),
    )
    files = {"file": ("archive.npz", path.read_bytes())}
    answer = client.post("sweeps", files=files)
    assert answer.status_code == 201, answer.text
    results = answer.json()["results"]
    assert [r["status"] for r in results] == ["accepted"] * 5
    third = stored(client, results[2]["sweep_id"])
    assert third.traces["S21"].tobytes() == s[2, 0].astype(np.complex64).tobytes()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"measured_at": "2026-01-31T03:00:00"}, "time zone"),
        ({"frequency_hz": np.linspace(8e9, 4e9, 101).tobytes()}, "rise strictly"),
        ({"frequency_hz": np.linspace(4e9, 8e9, 100).tobytes()}, "traces.S"),
        ({"traces": {"S21": np.full(101, np.nan, np.complex64).tobytes()}}, "NaN"),
        ({"traces": {"S99": np.ones(101, np.complex64).tobytes()}}, "S99"),
        ({"cavity": "nobody"}, "PUT /api/v1/cavities/nobody"),
        ({"purpose": "fun"}, "purpose"),
        ({"colour": 1}, "colour"),
        ({"settings": {"averaging_count": 2.0**80}}, "cannot be stored"),
    ],
)
def test_a_bad_sweep_is_refused_with_one_sentence(client, make_sweep, change, named):
    body = msgpack.packb(sweep_to_mapping(make_sweep()) | change)
    headers = {"content-type": MSGPACK_MEDIA_TYPE}
    answer = client.post("sweeps", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    document = answer.json()
    assert document["code"] == "sweeps_rejected"
    assert named in document["results"][0]["error"]
    assert client.get("sweeps").json()["sweeps"] == []


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"\xc1", MSGPACK_MEDIA_TYPE, 422, "invalid_request"),
        (b"{", "application/json", 422, "invalid_request"),
        (b'{"a": NaN}', "application/json", 422, "invalid_request"),
        (b"[]", "application/json", 422, "invalid_request"),
        (b"x", "text/plain", 415, "unsupported_media_type"),
        (b"x", "multipart/form-data", 422, "invalid_request"),
    ],
)
def test_a_bad_body_is_refused_as_a_whole(client, body, media_type, status, code):
    headers = {"content-type": media_type}
    answer = client.post("sweeps", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["code"] == code


def test_lists_page_by_cursor_without_gap_or_repeat(client, post, make_sweep):
    start = make_sweep().measured_at
    sweeps = [
        make_sweep(
            seed,
            measured_at=start + timedelta(seconds=seed // 2),
            purpose=SweepPurpose.WIDE if seed % 3 else SweepPurpose.TRANSMISSION,
        )
        for seed in range(11)
    ]
    assert post(client, *sweeps).status_code == 201
    seen, cursor = [], None
    for _ in range(10):
        page = client.get(
            "sweeps",
            params={"limit": 3, "cursor": cursor or ""} if cursor else {"limit": 3},
        )
        seen += [sweep["sweep_id"] for sweep in page.json()["sweeps"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 11
    narrow = client.get("sweeps", params={"purpose": "transmission"}).json()["sweeps"]
    assert len(narrow) == 4
    since = (start + timedelta(seconds=3)).isoformat()
    late = client.get("sweeps", params={"from": since}).json()["sweeps"]
    assert len(late) == 5
    assert client.get("sweeps", params={"to": since}).json()["sweeps"][0] not in late


@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "x"},
        {"cursor": "WzEsMl0="},
        {"from": "yesterday"},
        {"limit": 0},
        {"purpose": "fun"},
    ],
)
def test_bad_parameters_are_named(client, params):
    answer = client.get("sweeps", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    assert next(iter(params)) in answer.json()["detail"]


def test_traces_are_decimated_but_keep_the_notch(client, post, make_sweep):
    trace = np.ones(1601, np.complex64)
    trace[777] = 1e-3
    axis = np.linspace(4e9, 8e9, 1601)
    sweep = make_sweep(frequency_hz=axis, traces={"S21": trace})
    sweep_id = post(client, sweep).json()["results"][0]["sweep_id"]
    answer = client.get(f"sweeps/{sweep_id}/traces", params={"points": 100}).json()
    assert answer["decimated"] is True
    assert len(answer["frequency_hz"]) <= 100
    levels = answer["traces"]["S21"]["magnitude_db"]
    assert min(levels) == pytest.approx(-60.0, abs=1e-3)
    assert answer["frequency_hz"][levels.index(min(levels))] == axis[777]
    whole = client.get(f"sweeps/{sweep_id}/traces", params={"complex": "true"}).json()
    assert whole["decimated"] is False
    assert len(whole["traces"]["S21"]["real"]) == 1601


def test_touchstone_comes_back_bit_for_bit(client, post, make_sweep):
    sweep = make_sweep()
    sweep_id = post(client, sweep).json()["results"][0]["sweep_id"]
    answer = client.get(f"sweeps/{sweep_id}.s2p")
    assert answer.headers["content-type"].startswith("text/plain")
    read = read_touchstone(answer.content, "x.s2p")
    for name, trace in sweep.traces.items():
        assert read.traces[name].astype(np.complex64).tobytes() == trace.tobytes()


@pytest.mark.parametrize(
    "path",
    [
        "sweeps/none",
        "sweeps/none/traces",
        "sweeps/none.s2p",
        "sweeps/none/diagnosis",
        "cavities/none",
        "cavities/none/trends",
        "alerts/none",
        "nothing",
    ],
)
def test_what_does_not_exist_is_a_problem_with_a_code(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "not_found"
    assert len(answer.json()["detail"].split()) > 2


def test_another_method_is_a_problem_too(client):
    answer = client.delete("sweeps")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    sentence = "/api/v1/sweeps takes no DELETE, only GET, POST"
    assert answer.json()["detail"] == sentence


def test_many_sweeps_in_one_body(client, make_sweep):
    sweeps = [make_sweep(seed) for seed in range(300)]
    headers = {"content-type": MSGPACK_MEDIA_TYPE}
    answer = client.post("sweeps", content=encode_sweeps(sweeps), headers=headers)
    assert answer.status_code == 201
    results = json.loads(answer.content)["results"]
    assert len({result["sweep_id"] for result in results}) == 300
