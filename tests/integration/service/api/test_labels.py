"""What people call a sweep is kept beside what models say."""

import threading
from datetime import UTC, datetime

import pytest

from service.dashboard.source import StoredWall
from service.operations.labelling import HISTORY_COUNT
from service.storage.labels import LabelRecord, put_label

HEALTHY = {"name": "condition", "value": "healthy", "by": "S. Okafor"}


@pytest.fixture
def sweep_id(client, post, make_sweep) -> str:
    return post(client, make_sweep()).json()["results"][0]["sweep_id"]


def test_a_label_replaces_the_one_before_and_forgets_nothing(client, sweep_id):
    first = client.post(f"sweeps/{sweep_id}/labels", json=HEALTHY).json()
    assert first["labels"] == {"condition": "healthy"}
    better = {"name": "condition", "value": "loose_connector", "by": "R. Haas"}
    client.post(f"sweeps/{sweep_id}/labels", json=better | {"note": "opened it"})
    kelvin = {"name": "temperature_k", "value": 4, "by": "R. Haas"}
    client.post(f"sweeps/{sweep_id}/labels", json=kelvin)
    document = client.get(f"sweeps/{sweep_id}/labels").json()
    assert document["labels"] == {"condition": "loose_connector", "temperature_k": 4.0}
    history = [(one["value"], one["by"], one["note"]) for one in document["history"]]
    assert history == [
        (4.0, "R. Haas", None),
        ("loose_connector", "R. Haas", "opened it"),
        ("healthy", "S. Okafor", None),
    ]
    assert document["history"][2]["replaced_at"] is not None
    back = {"name": "condition", "value": None, "by": "R. Haas"}
    taken = client.post(f"sweeps/{sweep_id}/labels", json=back).json()
    assert taken["labels"] == {"temperature_k": 4.0}
    assert len(taken["history"]) == 4


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "Condition"}, "small letters"),
        ({"name": "run"}, "the sweep itself"),
        ({"name": "loaded_q"}, "the sweep itself"),
        ({"value": 3.0}, "is a word"),
        ({"name": "temperature_k"}, "is a number"),
        ({"value": ""}, "printable"),
        ({"value": "a\nb"}, "printable"),
        ({"value": [1]}, "value"),
        ({"by": ""}, "by"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_label_is_refused(client, sweep_id, change, word):
    answer = client.post(f"sweeps/{sweep_id}/labels", json=HEALTHY | change)
    assert answer.status_code == 422
    assert word in answer.json()["detail"]
    assert client.get(f"sweeps/{sweep_id}/labels").json()["history"] == []


def test_an_unknown_sweep_has_no_labels(client):
    assert client.post("sweeps/none/labels", json=HEALTHY).status_code == 404
    assert client.get("sweeps/none/labels").status_code == 404


def test_a_sweep_has_no_end_of_names_but_some(client, sweep_id):
    url = f"sweeps/{sweep_id}/labels"
    for number in range(64):
        answer = client.post(url, json=HEALTHY | {"name": f"note_{number}"})
        assert answer.status_code == 200
    assert client.post(url, json=HEALTHY).status_code == 409
    assert client.post(url, json=HEALTHY | {"name": "note_0"}).status_code == 200


def test_a_label_counts_however_often_another_has_changed(client, database, sweep_id):
    url = f"sweeps/{sweep_id}/labels"
    client.post(url, json=HEALTHY)
    with database.write() as transaction:
        for number in range(HISTORY_COUNT):
            label = LabelRecord(
                sweep_id=sweep_id,
                name="temperature_k",
                value=4.0 + number,
                labelled_at=datetime(2026, 2, 1, tzinfo=UTC),
                labelled_by="R. Haas",
            )
            assert put_label(transaction, label)
    document = client.get(url).json()
    assert document["labels"] == {
        "condition": "healthy",
        "temperature_k": 3.0 + HISTORY_COUNT,
    }
    assert len(document["history"]) == HISTORY_COUNT


def test_two_people_label_at_once_and_one_of_them_counts(client, sweep_id):
    statuses = []

    def label(number: int) -> None:
        body = HEALTHY | {"value": f"opinion_{number}"}
        # A busy database may ask to come again, as it asks every caller.
        for _ in range(20):
            answer = client.post(f"sweeps/{sweep_id}/labels", json=body)
            if answer.status_code != 503:
                break
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=label, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8
    document = client.get(f"sweeps/{sweep_id}/labels").json()
    counting = [one for one in document["history"] if one["replaced_at"] is None]
    assert len(document["history"]) == 8
    assert [one["value"] for one in counting] == [document["labels"]["condition"]]


def test_the_pages_get_the_labels_that_count(client, context, sweep_id):
    url = f"sweeps/{sweep_id}/labels"
    for label in (HEALTHY, HEALTHY | {"value": "unsure", "by": "R. Haas"}):
        client.post(url, json=label)
    client.post(url, json=HEALTHY | {"name": "load"})
    client.post(url, json=HEALTHY | {"name": "load", "value": None})
    wall = StoredWall(context.database, context.clock)
    found = wall.labels([sweep_id, "none"])
    (label,) = found.pop(sweep_id)
    assert (label["name"], label["value"], label["by"]) == (
        "condition",
        "unsure",
        "R. Haas",
    )
    assert found == {}
