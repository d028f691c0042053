"""The register: what is live when, what is refused, what survives a damaged file."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.gates import Gate, GateOutcome
from service.errors import (
    ConflictError,
    InvalidRequestError,
    ModelUnavailableError,
    NotFoundError,
    PromotionRefusedError,
)
from service.operations.model_adoption import adopt_configured
from service.operations.model_folders import check_registered, fetch_folder
from service.operations.model_orders import Order
from service.operations.model_register import (
    promote,
    read_history,
    retire,
    roll_back,
)
from service.operations.overruled_gates import overruled_sentences
from service.storage.cavities import put_cavity
from service.storage.model_records import EVERY_CAVITY, ModelState
from service.storage.models import list_model_transitions, list_models

BROKEN = Gate("coverage", GateOutcome.FAILED, "0.2, asked 0.9")


@pytest.fixture
def order(clock) -> Order:
    return Order(by="A. Tester", now=clock.now())


@pytest.fixture
def versions(register_model, shipped_model, make_folder) -> list[str]:
    folders = [shipped_model, make_folder("second"), make_folder("third")]
    return [register_model(folder) for folder in folders]


def live(database, version, order, **changes):
    wanted = {"to": ModelState.LIVE, "cavities": (), "gates": ()} | changes
    with database.write() as transaction:
        promote(transaction, version, order=order, **wanted)


def history(database, at=None):
    with database.read() as transaction:
        return read_history(transaction, at)


def test_live_at_a_time_is_answered_for_every_cavity(database, versions, order, clock):
    first, second, _ = versions
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, clock.now())
    times = []
    for change in (
        lambda now: live(database, first, replace(order, now=now)),
        lambda now: live(
            database, second, replace(order, now=now), cavities=("cavity-1",)
        ),
        lambda now: live(database, second, replace(order, now=now)),
    ):
        clock.step(60)
        change(clock.now())
        times.append(clock.now())
    before = times[0] - timedelta(seconds=1)
    found = {
        at: [
            getattr(history(database, at).live_for(cavity), "version", None)
            for cavity in ("cavity-1", "cavity-2")
        ]
        for at in (before, *times)
    }
    assert list(found.values()) == [
        [None, None],
        [first, first],
        [second, first],
        [second, second],
    ]
    assert history(database).overall_state(first) is ModelState.RETIRED


def test_a_rollback_restores_the_predecessor_step_by_step(database, versions, order):
    for version in versions:
        live(database, version, order)
    for version, before in ((versions[2], versions[1]), (versions[1], versions[0])):
        with database.write() as transaction:
            restored = roll_back(transaction, version, cavities=(), order=order)
        assert restored == {EVERY_CAVITY: before}
        assert history(database).live_for("any").version == before
    with (
        pytest.raises(ConflictError, match="no model was live before"),
        database.write() as transaction,
    ):
        roll_back(transaction, versions[0], cavities=(), order=order)
    assert history(database).live_for("any").version == versions[0]


def test_a_cavitys_own_model_rolls_back_to_that_of_all(database, versions, order):
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, order.now)
    live(database, versions[0], order)
    live(database, versions[1], order, cavities=("cavity-1",))
    with database.write() as transaction:
        restored = roll_back(transaction, versions[1], cavities=(), order=order)
    assert restored == {"cavity-1": None}
    assert history(database).live_for("cavity-1").version == versions[0]


def test_a_gate_holds_until_somebody_overrules_it_with_a_reason(
    database, versions, order
):
    gates = (BROKEN,)
    with pytest.raises(PromotionRefusedError, match=r"coverage: 0\.2") as refused:
        live(database, versions[0], order, gates=gates)
    assert refused.value.members["gates"][0]["outcome"] == "failed"
    forced = replace(order, force=True)
    with pytest.raises(InvalidRequestError, match="reason"):
        live(database, versions[0], forced, gates=gates)
    live(database, versions[0], replace(forced, reason="beam time"), gates=gates)
    with database.read() as transaction:
        last = list_model_transitions(transaction)[-1]
    assert (last.is_forced, last.reason, last.actor) == (True, "beam time", "A. Tester")
    assert last.gates[0]["detail"] == BROKEN.detail


def test_what_does_not_fit_is_refused_in_a_sentence(database, versions, order):
    with pytest.raises(NotFoundError, match="no model 'nowhere'"):
        live(database, "nowhere", order)
    with pytest.raises(NotFoundError, match="PUT /api/v1/cavities/c9"):
        live(database, versions[0], order, cavities=("c9",))
    live(database, versions[0], order)
    with pytest.raises(ConflictError, match="live there already"):
        live(database, versions[0], order)
    with database.write() as transaction:
        with pytest.raises(ConflictError, match="promote another"):
            retire(transaction, versions[0], cavities=(), order=order)
        with pytest.raises(ConflictError, match="is not live"):
            roll_back(transaction, versions[1], cavities=(), order=order)
    why = replace(order, force=True, reason="wrong cavity")
    with database.write() as transaction:
        retire(transaction, versions[0], cavities=(), order=why)
    assert history(database).live_for("any") is None


def test_the_same_folder_is_registered_once(database, register_model, shipped_model):
    for _ in range(2):
        register_model(shipped_model)
    with database.read() as transaction:
        (record,) = list_models(transaction)
        assert len(list_model_transitions(transaction)) == 1
    assert record.manifest["data_sha256"]
    assert record.report["metrics"]["temperature_k"]["headline"] == "rms_error_dex"


def test_the_register_repairs_what_lies_on_a_machines_disk(
    database, versions, shipped_model, tmp_path
):
    folder = fetch_folder(database, versions[0], tmp_path)
    (folder / "weights.safetensors").write_bytes(b"spoilt")
    (folder / "manifest.json").unlink()
    again = check_registered(database, versions[0], tmp_path)
    assert again == folder
    shipped = (shipped_model / "weights.safetensors").read_bytes()
    assert (folder / "weights.safetensors").read_bytes() == shipped


def test_the_configured_folder_is_live_on_an_empty_register_only(
    database, clock, shipped_model, make_folder, tmp_path
):
    adopt_configured(database, None, clock.now())
    assert history(database).transitions == []
    adopt_configured(database, shipped_model, clock.now())
    first = history(database).live_for("any")
    adopt_configured(database, make_folder("other"), clock.now())
    assert history(database).live_for("any") == first
    with pytest.raises(ModelUnavailableError, match="HALOWATCH_MODEL"):
        adopt_configured(database, tmp_path, clock.now())


def test_a_configured_model_past_its_gates_is_named_with_what_it_failed(
    database, clock, register_model, shipped_model, order, tmp_path
):
    folder = tmp_path / "narrow"
    shutil.copytree(shipped_model, folder)
    report = json.loads((folder / "report.json").read_text())
    report["metrics"]["temperature_k"]["overall"]["coverage_90"] = 0.31
    (folder / "report.json").write_text(json.dumps(report))
    with structlog.testing.capture_logs() as logs:
        adopt_configured(database, folder, clock.now())
    (sentence,) = overruled_sentences(history(database))
    for part in (
        "judges every cavity without a model of its own past gates that it failed (",
        "(coverage of temperature_k: 90 % intervals hold 0.310",
        "made live by halowatch: HALOWATCH_MODEL names it",
    ):
        assert part in sentence
    assert [(one["event"], one["reason"]) for one in logs] == [
        ("model_past_gates", sentence)
    ]
    with database.read() as transaction:
        (first,) = list_models(transaction)
        gates = list_model_transitions(transaction)[-1].gates
    assert {gate["name"] for gate in gates} > {"coverage of temperature_k"}
    with database.write() as transaction:
        why = replace(order, force=True, reason="none better")
        retire(transaction, first.version, cavities=(), order=why)
    assert overruled_sentences(history(database)) == []


@settings(max_examples=15)
@given(
    steps=st.lists(st.tuples(st.sampled_from("plrt"), st.integers(0, 2)), max_size=9)
)
def test_never_two_live_in_one_scope_and_nothing_is_rewritten(
    database, versions, order, steps
):
    """Law: whatever is asked for, in any order, the register stays one chain."""
    before = history(database).transitions
    for kind, index in steps:
        forced = replace(order, force=True, reason="law")
        try:
            with database.write() as transaction:
                if kind == "p":
                    promote(
                        transaction,
                        versions[index],
                        to=ModelState.LIVE,
                        cavities=(),
                        gates=(),
                        order=forced,
                    )
                elif kind == "l":
                    promote(
                        transaction,
                        versions[index],
                        to=ModelState.SHADOW,
                        cavities=(),
                        gates=(),
                        order=forced,
                    )
                elif kind == "r":
                    roll_back(transaction, versions[index], cavities=(), order=forced)
                else:
                    retire(transaction, versions[index], cavities=(), order=forced)
        except ConflictError:
            pass
        now = history(database)
        posts = [p for p in now.posts().values() if p.state is ModelState.LIVE]
        assert len(posts) <= 1
        assert now.transitions[: len(before)] == before
        before = now.transitions
    numbers = [each.number for each in before]
    assert numbers == sorted(set(numbers))
