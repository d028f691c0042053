"""A model that compares sweeps with its twin: what that adds to a diagnosis."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.calibration.novelty import FLAG_BELOW
from models.receiver import DEPARTURE
from models.receiver.twin_departure import TWIN
from models.serving.folder import StoredModel, load_model, save_model
from models.serving.predictor import Predictor
from models.training.corpus import build_corpus
from models.training.targets import plan_targets
from models.training.twin import learn_twin


@pytest.fixture(scope="module")
def stored(model_folder):
    return load_model(model_folder)


@pytest.fixture(scope="module")
def taught(stored, archive_maker):
    """The same model beside a twin, which is the receiver itself in other cycles."""
    lab = as_the_model(
        build_corpus([archive_maker(start_cycle=60, cycles=2)], stored.model.form),
        stored.model,
    )
    twins = build_corpus([archive_maker(start_cycle=70, cycles=6, sweeps=16)], like=lab)
    plan = plan_targets(lab, ("condition",))
    labels = np.array(plan.classes["condition"])
    shares = {"condition": (labels == lab.classes["condition"][:, None]) * 1.0}
    found = learn_twin(twins, lab, plan, shares)
    assert found.departure is not None, found.reason
    return replace(stored.model, twin=found.departure)


def as_the_model(corpus, model):
    return replace(
        corpus,
        coordinate_inputs=model.inputs,
        coordinates=model.inputs.form.of_views(corpus.views),
    )


def without_departure(model):
    """Return a model whose receiver knows no departure of healthy sweeps."""
    sets = {
        traces: replace(each, departure=None)
        for traces, each in model.receiver.sets.items()
    }
    return replace(model, receiver=replace(model.receiver, sets=sets, _readers={}))


def judged(stored, model, archive):
    return Predictor(StoredModel(model, "v", stored.manifest)).diagnose_archive(archive)


def test_healthy_sweeps_pass_and_their_distance_is_told(stored, taught, new_cycles):
    found = judged(stored, taught, new_cycles)
    plain = judged(stored, stored.model, new_cycles)
    healthy = (new_cycles.condition == "healthy") & ~new_cycles.is_reference
    flags = [one.out_of_distribution.flag for one in found]
    assert np.mean(np.array(flags)[healthy]) < 0.06
    for one, other in zip(found, plain, strict=True):
        beside = one.out_of_distribution
        # The other scores, and what they are made of, stay as they were.
        assert beside.scores.keys() - other.out_of_distribution.scores.keys() <= {TWIN}
        if TWIN in beside.scores:
            shares = np.array(list(beside.contributions[TWIN].values()))
            assert shares.sum() == pytest.approx(1.0, abs=0.05)
        if one.condition.label == "loose_connector" and not beside.flag:
            assert one.condition == other.condition
    json.dumps([one.to_record() for one in found], allow_nan=False)


def test_what_is_called_healthy_and_no_receiver_shows_is_strange(
    stored, taught, new_cycles
):
    """A ripple too faint for the other scores, that no temperature explains."""
    rows = np.flatnonzero(
        (new_cycles.condition == "healthy") & ~new_cycles.is_reference
    )[:20]
    place = (new_cycles.frequency_hz - 4e9) / 4e9
    bump = 1 + 0.06 * np.exp(-0.5 * ((place - 0.7) / 0.06) ** 2)
    samples = new_cycles.s.copy()
    samples[rows, 1] *= bump
    strange = replace(new_cycles, s=samples)
    before, after = (
        judged(stored, without_departure(model), strange)
        for model in (stored.model, taught)
    )
    flagged = [
        np.mean([one[row].out_of_distribution.flag for row in rows])
        for one in (before, after)
    ]
    assert flagged[1] > flagged[0] + 0.3
    for row in rows:
        told = after[row].out_of_distribution
        if before[row].condition.label == "healthy":
            assert told.p_value < FLAG_BELOW
            shares = told.contributions[TWIN]
            assert max(shares, key=lambda name: sum(shares[name])) == "S23"
            assert int(np.argmax(shares["S23"])) in {10, 11}


def test_the_receiver_itself_finds_such_a_sweep_strange(stored, new_cycles):
    rows = np.flatnonzero(
        (new_cycles.condition == "healthy") & ~new_cycles.is_reference
    )[:20]
    place = (new_cycles.frequency_hz - 4e9) / 4e9
    samples = new_cycles.s.copy()
    samples[rows, 1] *= 1 + 0.06 * np.exp(-0.5 * ((place - 0.7) / 0.06) ** 2)
    strange = replace(new_cycles, s=samples)
    without, beside = (
        judged(stored, model, strange)
        for model in (without_departure(stored.model), stored.model)
    )
    healthy = [row for row in rows if without[row].condition.label == "healthy"]
    assert healthy
    told = [beside[row].out_of_distribution for row in healthy]
    assert np.mean([one.flag for one in told]) > 0.9
    usual = [
        one.out_of_distribution for one in judged(stored, stored.model, new_cycles)
    ]
    least = min(one.scores[DEPARTURE] for one in told)
    assert least > np.median([usual[row].scores[DEPARTURE] for row in rows])


def test_a_folder_keeps_the_twin(stored, taught, new_cycles, tmp_path):
    version = save_model(tmp_path, taught, {"recipe": {}}, {})
    again = load_model(tmp_path)
    assert again.version == version != stored.version
    first, second = (judged(stored, one, new_cycles) for one in (taught, again.model))
    assert [one.out_of_distribution for one in first] == [
        one.out_of_distribution for one in second
    ]
