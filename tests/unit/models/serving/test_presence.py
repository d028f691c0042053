"""Presences come from heads of the judge where it has any, else from the classes."""

from dataclasses import replace

import numpy as np
import pytest

from models.receiver.failures import FailureHead
from models.receiver.softmax import SoftmaxHead
from models.serving.folder import StoredModel, load_model, save_model
from models.serving.predictor import Predictor

LOG_ODDS = 2.0


@pytest.fixture(scope="module")
def stored(model_folder):
    return load_model(model_folder)


def with_heads(model, threshold):
    """Return a model whose judge says of every failure the same."""
    parts = len(model.receiver.parts)
    assert parts
    sets = {}
    for traces, each in model.receiver.sets.items():
        count = each.condition.centre.size
        head = SoftmaxHead(
            centre=np.zeros(count),
            scale=np.ones(count),
            weight=np.zeros((count, parts)),
            offset=np.full(parts, LOG_ODDS),
        )
        own = FailureHead(head=head, thresholds=np.full(parts, threshold))
        sets[traces] = replace(each, failures=own)
    return replace(
        model, receiver=replace(model.receiver, sets=sets), names_condition=True
    )


def conditions(stored, model, archive):
    found = Predictor(StoredModel(model, "v", stored.manifest)).diagnose_archive(
        archive
    )
    return [each.condition for each in found if each.condition.present]


@pytest.mark.parametrize("threshold", [0.5, 0.95])
def test_the_heads_are_heard_where_there_are_any(stored, new_cycles, threshold):
    model = with_heads(stored.model, threshold)
    share = 1 / (1 + np.exp(-LOG_ODDS))
    said = conditions(stored, model, new_cycles)
    assert said
    for each in said:
        # What the sweep is said to be is there at least as surely.
        named = dict.fromkeys(model.receiver.parts, share)
        if each.label in named:
            named[each.label] = max(share, each.probability)
        assert each.present == pytest.approx(named)
        enough = share >= threshold
        assert each.present_set == (model.receiver.parts if enough else ())
    assert any(each.present.get(each.label, 0.0) > share + 0.01 for each in said)


def test_without_heads_the_classes_tell_it(stored, new_cycles):
    said = conditions(stored, replace(stored.model, names_condition=True), new_cycles)
    assert len({tuple(each.present.values()) for each in said}) > 1


def test_the_networks_verdict_brings_its_own_presences(stored, new_cycles):
    heard = replace(with_heads(stored.model, 0.5), names_condition=False)
    plain = replace(stored.model, names_condition=False)
    assert conditions(stored, heard, new_cycles) == conditions(
        stored, plain, new_cycles
    )


def test_a_stored_model_keeps_its_heads(stored, new_cycles, tmp_path):
    model = with_heads(stored.model, 0.5)
    save_model(tmp_path / "again", model, {}, {"metrics": {}}, {})
    again = load_model(tmp_path / "again")
    assert conditions(again, again.model, new_cycles) == conditions(
        stored, model, new_cycles
    )
