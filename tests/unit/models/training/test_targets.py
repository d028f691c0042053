import numpy as np
import pytest

from models.errors import TrainingRefusedError
from models.training.corpus import build_corpus
from models.training.targets import plan_targets


@pytest.fixture(scope="module")
def corpus(archive):
    return build_corpus([archive])


def _plan(without, **fields):
    return plan_targets(build_corpus([without(**fields)]))


def test_all_that_the_labels_support_is_planned(corpus):
    plan = plan_targets(corpus)
    assert plan.trained == (
        "condition",
        "component",
        "temperature_k",
        "magnetic_field_tesla",
    )
    assert plan.classes["condition"] == ("healthy", "loose_connector")
    assert not plan.refused


def test_wanted_targets_only(corpus):
    plan = plan_targets(corpus, ["condition"])
    assert plan.trained == ("condition",)
    assert plan.refused["temperature_k"] == "not asked for"
    with pytest.raises(TrainingRefusedError, match="'rod' is no target"):
        plan_targets(corpus, ["rod"])


def test_absent_labels_are_said(without, archive):
    plan = _plan(without, temperature_k=None, condition=None)
    assert plan.refused["temperature_k"] == "no sweep has such a label"
    assert plan.refused["condition"] == "no sweep has such a label"


def test_class_of_one_cycle_is_not_trained(without, archive):
    plan = _plan(without, component=archive.thermal_cycle)
    assert "two thermal cycles" in plan.refused["component"]


def test_temperature_that_names_the_cycle_is_not_trained(without, archive):
    cycles = np.unique(archive.thermal_cycle, return_inverse=True)[1]
    plan = _plan(without, temperature_k=4.0 * 1.5**cycles)
    assert "name the cycle" in plan.refused["temperature_k"]
    plan = _plan(without, temperature_k=np.where(cycles % 2, 3.0, 300.0))
    assert "different values" in plan.refused["temperature_k"]


def test_without_reference_only_the_component_is_left(without, archive):
    plan = _plan(without, is_reference=np.zeros(archive.sweep_count, dtype=bool))
    assert plan.trained == ("component",)
    assert "have a reference" in plan.refused["temperature_k"]


def test_nothing_to_train_is_refused(without):
    with pytest.raises(TrainingRefusedError, match="nothing can be trained"):
        _plan(
            without,
            temperature_k=None,
            magnetic_field_tesla=None,
            condition=None,
            component=None,
        )


def test_a_label_that_never_changes_is_not_trained(without, archive):
    constant = {
        name: np.full(archive.sweep_count, value)
        for name, value in (("power", -20.0), ("flux", 0.0))
    }
    plan = _plan(without, labels=constant)
    assert "different values" in plan.refused["label:power"]
    assert "different values" in plan.refused["label:flux"]
