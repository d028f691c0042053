"""A reference is checked, used, refused with a reason, expires and is withdrawn."""

from dataclasses import replace
from datetime import timedelta

import pytest

from instruments.measurement import SweepPurpose, SweepSettings
from models.preprocessing.integrity import FOREIGN_TRACES, OUTSIDE_BAND
from service.operations.judge_tasks import Diagnoser
from service.operations.panel import Panel


@pytest.fixture
def diagnoser(database, judge, real_clock) -> Diagnoser:
    return Diagnoser(
        database=database,
        clock=real_clock,
        panel=Panel.of(judge),
        owner="worker-a",
        lease=timedelta(seconds=5),
        channels=(),
    )


@pytest.fixture
def send(client, post, diagnoser):
    """Post sweeps, let them be judged, return their ids."""

    def send(*sweeps) -> list[str]:
        answer = post(client, *sweeps).json()
        while diagnoser.run_once():
            pass
        return [result["sweep_id"] for result in answer["results"]]

    return send


@pytest.fixture
def at(make_sweep, real_clock):
    """Make a wide sweep so many seconds after a minute ago."""
    start = real_clock.now() - timedelta(seconds=100)

    def at(seconds: float, **changes):
        moment = start + timedelta(seconds=seconds)
        return make_sweep(int(seconds), measured_at=moment, **changes)

    return at


def used(client, sweep_id: str) -> str | None:
    return client.get(f"sweeps/{sweep_id}/diagnosis").json()["reference_sweep"]


def references(client, **wanted) -> list[dict]:
    return client.get("references", params=wanted).json()["references"]


def test_one_of_the_daq_is_checked_and_the_first_has_nothing_to_compare(
    client, send, at
):
    ids = send(at(0, is_reference=True), at(1))
    (reference,) = references(client)
    assert (reference["state"], reference["source"]) == ("valid", "daq")
    assert reference["registered_by"] == "daq"
    met = {check["name"]: check["is_met"] for check in reference["checks"]}
    assert met == {
        "purpose": True,
        "samples": True,
        "health": None,
        "bandwidth": True,
        "settings": True,
        "traces": True,
    }
    assert used(client, ids[1]) == ids[0]
    cavity = client.get("cavities/cavity-1").json()
    assert cavity["reference"]["state"] == "valid"
    assert cavity["reference"]["thermal_cycle"] == "2026-01"
    assert cavity["reference_refused"] is None


def test_one_that_is_ill_is_refused_and_the_older_serves_on(client, send, at):
    first, ill, later = send(
        at(0, is_reference=True), at(1, is_reference=True, scale=3.0), at(2)
    )
    assert used(client, later) == first
    refused = references(client, state="refused")
    assert [each["sweep_id"] for each in refused] == [ill]
    assert (
        "judged loose_connector, 0.90 against the reference before it"
        in refused[0]["reason"]
    )
    cavity = client.get("cavities/cavity-1").json()
    assert cavity["reference"]["sweep_id"] == first
    assert cavity["reference_refused"]["sweep_id"] == ill
    # An operator who changed the line on purpose may overrule, and is named.
    again = client.post(f"sweeps/{ill}/reference", json={"by": "R. Haas"})
    assert (again.status_code, again.json()["code"]) == (409, "reference_refused")
    assert again.json()["checks"][2]["is_met"] is False
    body = {"by": "R. Haas", "note": "new cable", "force": True}
    taken = client.post(f"sweeps/{ill}/reference", json=body).json()
    assert (taken["state"], taken["registered_by"]) == ("valid", "R. Haas")
    assert taken["reason"].startswith("new cable: taken by R. Haas although")
    changes = [(c["from"], c["to"], c["actor"]) for c in taken["transitions"]]
    assert changes == [
        (None, "refused", "daq"),
        ("refused", "refused", "R. Haas"),
        ("refused", "valid", "R. Haas"),
    ]
    (newest,) = send(at(3))
    assert used(client, newest) == ill
    assert client.get("cavities/cavity-1").json()["reference_refused"] is None


def test_an_operator_registers_any_sound_wide_sweep(client, send, at):
    first, wide, narrow, void = send(
        at(0),
        at(1),
        at(2, purpose=SweepPurpose.TRANSMISSION),
        at(3, flags=("rf_off",)),
    )
    assert used(client, wide) is None
    body = {"by": "M. Vogt", "note": "before the ramp"}
    document = client.post(f"sweeps/{first}/reference", json=body).json()
    assert (document["state"], document["source"]) == ("valid", "operator")
    (later,) = send(at(4))
    assert used(client, later) == first
    for wrong, word in ((narrow, "transmission sweep"), (void, "void (rf_off")):
        forced = {"by": "M. Vogt", "force": True}
        answer = client.post(f"sweeps/{wrong}/reference", json=forced)
        assert answer.status_code == 409
        assert word in answer.json()["detail"]
    twice = client.post(f"sweeps/{first}/reference", json=body)
    assert (twice.status_code, twice.json()["code"]) == (409, "conflict")
    assert client.post("sweeps/none/reference", json=body).status_code == 404
    assert client.post(f"sweeps/{wide}/reference", json={}).status_code == 422


def test_a_thermal_cycle_takes_its_references_along(client, send, at):
    old, _ = send(at(0, is_reference=True), at(2, thermal_cycle="2026-02"))
    (reference,) = references(client)
    assert reference["state"] == "expired"
    assert reference["reason"] == "thermal cycle 2026-02 began"
    assert client.get("cavities/cavity-1").json()["reference"]["state"] == "expired"
    # A sweep of the old cycle that comes late still has it.
    late, fresh = send(at(1), at(3, thermal_cycle="2026-02"))
    assert (used(client, late), used(client, fresh)) == (old, None)


def test_a_withdrawn_one_serves_nobody(client, send, at):
    first, second, judged = send(
        at(0, is_reference=True), at(1, is_reference=True), at(2)
    )
    assert used(client, judged) == second
    body = {"by": "R. Haas", "note": "the magnet was on"}
    document = client.post(f"sweeps/{second}/reference/withdraw", json=body).json()
    assert (document["state"], document["reason"]) == ("withdrawn", body["note"])
    (later,) = send(at(3))
    assert used(client, later) == first
    assert used(client, judged) == second  # what was said is not rewritten
    again = client.post(f"sweeps/{second}/reference/withdraw", json=body)
    assert again.status_code == 409
    assert client.post("sweeps/x/reference/withdraw", json=body).status_code == 404


def test_it_serves_sweeps_of_its_own_route_and_drive_only(client, send, at):
    weak = SweepSettings(source_power_dbm=-30.0)
    strong = SweepSettings(source_power_dbm=-10.0)
    first, other, same, unsaid, elsewhere = send(
        at(0, is_reference=True, settings=weak, route="a"),
        at(1, settings=strong, route="a"),
        at(2, settings=weak, route="a"),
        at(3),
        at(4, settings=weak, route="b"),
    )
    assert used(client, other) is None
    assert used(client, same) == first
    assert used(client, unsaid) == first
    assert used(client, elsewhere) is None
    (again,) = send(at(5, is_reference=True, settings=strong, route="a"))
    found = {each["sweep_id"]: each for each in references(client)}[again]
    assert found["state"] == "valid"
    assert "route a and b" in found["checks"][4]["detail"]


def test_one_outside_of_the_models_band_is_refused(client, send, at, diagnoser, judge):
    class Narrow:
        model_version = "narrow-1"

        def diagnose(self, sweep, reference, reference_id):
            found = judge.diagnose(sweep, reference, reference_id)
            return replace(found, integrity=(OUTSIDE_BAND,))

    object.__setattr__(diagnoser, "panel", Panel.of(Narrow()))
    send(at(0, is_reference=True))
    (reference,) = references(client)
    assert reference["state"] == "refused"
    assert reference["reason"] == "it does not cover the band of the model"


def test_one_whose_traces_the_model_does_not_read_is_refused_and_may_be_forced(
    client, send, at, diagnoser, judge
):
    said = "the model reads S21, S11; the sweep holds S22"

    class Other:
        model_version = "other-1"

        def diagnose(self, sweep, reference, reference_id):
            found = judge.diagnose(sweep, reference, reference_id)
            return replace(found, integrity=(FOREIGN_TRACES,), remark=said)

    object.__setattr__(diagnoser, "panel", Panel.of(Other()))
    (sweep_id,) = send(at(0, is_reference=True))
    (reference,) = references(client)
    assert (reference["state"], reference["reason"]) == ("refused", said)
    diagnosis = client.get(f"sweeps/{sweep_id}/diagnosis").json()
    assert (diagnosis["integrity"], diagnosis["remark"]) == (["foreign_traces"], said)
    page = client.get(str(client.base_url.join("/cavities/cavity-1")))
    assert "foreign traces" in page.text
    assert said in page.text
    # The instrument is well: nobody is woken.
    assert client.get("alerts").json()["alerts"] == []
    body = {"by": "R. Haas", "force": True}
    taken = client.post(f"sweeps/{sweep_id}/reference", json=body).json()
    assert taken["state"] == "valid"
