"""Hardware epochs, thermal cycles, runs and calibrations."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage.cavities import put_cavity
from service.storage.hardware import install_component, list_epochs


def install(client, component, at, slot="circulator", **more):
    body = {"component": component, "installed_at": at, **more}
    return client.put(f"cavities/cavity-1/hardware/{slot}", json=body)


def epochs(client, **params):
    return client.get("hardware-epochs", params=params).json()["epochs"]


def spans(found):
    return [
        (one["component"], one["installed_at"][:10], (one["removed_at"] or "")[:10])
        for one in reversed(found)
    ]


def test_epochs_of_a_slot_never_overlap_in_whatever_order_they_are_told(client):
    for component, at in (
        ("C-1", "2025-01-01T00:00:00Z"),
        ("C-3", "2025-09-01T00:00:00Z"),
        ("C-2", "2025-05-01T00:00:00Z"),
        ("C-0", "2024-06-01T00:00:00Z"),
    ):
        assert install(client, component, at).status_code == 200
    install(client, "A-1", "2025-02-01T00:00:00Z", slot="amplifier")
    assert spans(epochs(client, slot="circulator")) == [
        ("C-0", "2024-06-01", "2025-01-01"),
        ("C-1", "2025-01-01", "2025-05-01"),
        ("C-2", "2025-05-01", "2025-09-01"),
        ("C-3", "2025-09-01", ""),
    ]
    (then,) = epochs(client, at="2025-05-01T00:00:00Z", slot="circulator")
    assert then["component"] == "C-2"
    now = epochs(client, cavity="cavity-1", at="2026-01-01T00:00:00Z")
    assert {one["slot"]: one["component"] for one in now} == {
        "circulator": "C-3",
        "amplifier": "A-1",
    }
    assert spans(epochs(client, component="C-1")) == [
        ("C-1", "2025-01-01", "2025-05-01")
    ]


def test_an_epoch_is_corrected_and_a_slot_emptied(client):
    install(client, "C-1", "2025-01-01T00:00:00Z")
    install(client, "C-9", "2025-01-01T00:00:00Z", note="misread the label")
    empty = install(client, None, "2025-06-01T00:00:00Z")
    assert empty.json()["component"] is None
    found = epochs(client)
    assert spans(found) == [
        ("C-9", "2025-01-01", "2025-06-01"),
        (None, "2025-06-01", ""),
    ]
    assert found[1]["note"] == "misread the label"


NEW_YEAR = "2025-01-01T00:00:00Z"
INSTALLED = {"component": "c", "installed_at": NEW_YEAR}
BACKWARDS = {"started_at": "2025-02-01T00:00:00Z", "ended_at": NEW_YEAR}


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("cavities/none/hardware/x", INSTALLED, 404, "PUT /api/v1/cavities/none"),
        ("cavities/cavity-1/hardware/x", {"component": "c"}, 422, "installed_at"),
        (
            "cavities/cavity-1/hardware/x",
            INSTALLED | {"installed_at": "yesterday"},
            422,
            "installed_at",
        ),
        ("cavities/cavity-1/hardware/a%20b", INSTALLED, 422, "slot"),
        ("thermal-cycles/2026-01", BACKWARDS, 422, "before started_at"),
        ("runs/r/steps/s", {}, 404, "PUT /api/v1/runs/r"),
        ("calibrations/ecal", {"performed_at": 5}, 422, "performed_at"),
        ("runs/r", {"note": "x", "else": 1}, 422, "else"),
    ],
)
def test_what_is_wrong_is_named(client, path, body, status, word):
    answer = client.put(path, json=body)
    assert answer.status_code == status
    assert word in answer.json()["detail"]


def test_what_sweeps_name_is_listed_and_can_be_described(client, post, make_sweep):
    sweeps = [
        make_sweep(1, run="run-7", step="0001", thermal_cycle="2026-01"),
        make_sweep(2, run="run-7", step="0002", thermal_cycle="2026-01"),
        make_sweep(3, run="run-8", thermal_cycle=None),
    ]
    post(client, *sweeps)
    post(client, *sweeps, make_sweep(4, run="run-7", step="0002"))
    (cycle,) = client.get("thermal-cycles").json()["thermal_cycles"]
    assert cycle["thermal_cycle"] == "2026-01"
    assert cycle["started_at"].startswith("2026-01-31T03:00:00")
    runs = client.get("runs").json()["runs"]
    assert {run["run"] for run in runs} == {"run-7", "run-8"}
    steps = client.get("runs/run-7/steps").json()["steps"]
    assert [step["step"] for step in steps] == ["0002", "0001"]
    body = {"started_at": "2026-01-30T12:00:00+01:00", "note": "cooled slowly"}
    put = client.put("thermal-cycles/2026-01", json=body).json()
    assert put["started_at"].startswith("2026-01-30T11:00:00")
    assert put["ended_at"] is None
    ended = {"ended_at": "2026-03-01T00:00:00Z"}
    put = client.put("thermal-cycles/2026-01", json=ended).json()
    assert put["note"] == "cooled slowly"
    run = client.put("runs/run-7", json={"title": "First light"}).json()
    assert run["title"] == "First light"
    step = client.put("runs/run-7/steps/0001", json={"note": "rod stuck"}).json()
    assert (step["run"], step["note"]) == ("run-7", "rod stuck")


def test_calibrations_are_found_by_instrument_and_time(client):
    for name, day in (("ecal-1", "01"), ("ecal-2", "15")):
        body = {
            "instrument": "MY123",
            "kind": "SOLT",
            "performed_at": f"2026-01-{day}T00:00:00Z",
            "valid_until": f"2026-02-{day}T00:00:00Z",
            "performed_by": "S. Okafor",
        }
        assert client.put(f"calibrations/{name}", json=body).status_code == 200
    client.put("calibrations/unknown", json={"note": "found in a drawer"})

    def names(**params):
        found = client.get("calibrations", params=params).json()["calibrations"]
        return [one["calibration"] for one in found]

    assert names() == ["ecal-2", "ecal-1", "unknown"]
    assert names(at="2026-01-10T00:00:00Z") == ["ecal-1"]
    assert names(at="2026-02-05T00:00:00Z", instrument="MY123") == ["ecal-2"]
    assert names(instrument="other") == []
    client.put("calibrations/ecal-2", json={"valid_until": None})
    assert names(at="2027-01-01T00:00:00Z") == ["ecal-2"]


@given(st.permutations(range(6)))
def test_epochs_tile_time(client_epochs, order):
    assert client_epochs(order) == [0, 1, 2, 3, 4, 5]


@pytest.fixture
def client_epochs(database, real_clock):
    """Install components in an order; return them in the order of time."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, real_clock.now())
    number = iter(range(10_000))

    def play(order):
        slot = f"slot-{next(number)}"
        with database.write() as transaction:
            for at in order:
                install_component(
                    transaction,
                    "cavity-1",
                    slot,
                    str(at),
                    at=start + timedelta(days=at),
                    note=None,
                    now=real_clock.now(),
                )
            found = list_epochs(transaction, slot=slot)[::-1]
        for one, following in pairwise(found):
            assert one.removed_at == following.installed_at
        assert found[-1].removed_at is None
        return [int(one.component) for one in found]

    return play
