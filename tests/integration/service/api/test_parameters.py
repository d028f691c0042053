"""A query parameter that a call does not take is refused."""

import pytest

from instruments.measurement.message import sweep_to_json


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("sweeps", {"cavity", "from", "to", "purpose", "limit", "cursor"}),
        ("diagnoses", {"model"}),
        ("cavities", set()),
        ("cavities/cavity-1/trends", {"points"}),
        ("alerts", {"state", "limit"}),
        ("readings", {"name"}),
        ("counts", set()),
        ("stream", {"last_event_id"}),
    ],
)
def test_it_is_named_beside_those_that_the_call_takes(client, path, known):
    answer = client.get(path, params={"cavty": "cavity-1"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid_request"
    assert problem["field"] == "cavty"
    assert known <= set(problem["known"])
    assert "'cavty' is no parameter of GET" in problem["detail"]


@pytest.mark.parametrize("path", ["calibrations", "hardware-epochs", "sweeps"])
def test_one_that_is_given_twice_is_refused_where_one_is_taken(client, path):
    name = {"calibrations": "instrument", "hardware-epochs": "component"}
    twice = [(name.get(path, "limit"), "1"), (name.get(path, "limit"), "2")]
    answer = client.get(path, params=twice)
    assert answer.status_code == 422
    assert answer.json()["field"] == twice[0][0]
    assert "is given 2 times" in answer.json()["detail"]


def test_posts_refuse_it_too(client, make_sweep):
    document = sweep_to_json(make_sweep())
    answer = client.post("sweeps", params={"wiat": "diagnosis"}, json=document)
    assert answer.status_code == 422
    assert answer.json()["known"] == ["wait"]
    assert client.get("sweeps").json()["sweeps"] == []


def test_a_wrong_choice_is_answered_with_the_choices(client):
    answer = client.get("sweeps", params={"purpose": "narrow"})
    assert answer.status_code == 422
    for choice in ("wide", "transmission", "reflection"):
        assert choice in answer.json()["detail"]
