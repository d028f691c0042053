import json
from dataclasses import replace

import numpy as np
import pytest

from models.errors import TrainingRefusedError
from models.evaluation.baselines import BASELINES
from models.evaluation.evaluate import GROUPED, LEAKY, evaluate_model
from models.evaluation.predictions import ClassPredictions, ScalarPredictions
from models.evaluation.scores import headline, score
from models.networks.density import Coordinate, DensityGrid


@pytest.fixture(scope="module")
def document(model_folder, new_cycles, recipe):
    quick = replace(recipe, epochs=1, least_steps=60)
    return evaluate_model(model_folder, new_cycles, recipe=quick)


def test_every_target_has_its_scores(document):
    json.dumps(document, allow_nan=False)
    assert set(document["targets"]) == {
        "condition",
        "component",
        "temperature_k",
        "magnetic_field_tesla",
    }
    condition = document["targets"]["condition"]["model"]
    assert condition["overall"]["balanced_accuracy"] > 0.9
    assert set(condition["per_cycle"]) == {"cycle-100", "cycle-101"}
    low, high = condition["interval_90"]
    assert low <= condition["overall"]["balanced_accuracy"] <= high
    assert "4-10 K" in condition["per_temperature_band"]


def test_baselines_and_both_splits_stand_beside(document):
    target = document["targets"]["temperature_k"]
    assert set(target["baselines"]) == set(BASELINES)
    for row in [target["retrained"], *target["baselines"].values()]:
        assert set(row) == {GROUPED, LEAKY}
    mean = target["baselines"]["predict_mean"][GROUPED]["overall"]["rms_error_dex"]
    assert target["model"]["overall"]["rms_error_dex"] < 0.7 * mean


def test_few_cycles_are_said(document):
    assert any("insufficient cycles" in line for line in document["warnings"])
    assert not document["trained_on_this_archive"]


def test_own_training_data_is_recognised(model_folder, archive, recipe):
    quick = replace(recipe, epochs=1, least_steps=20)
    found = evaluate_model(model_folder, archive, recipe=quick)
    assert found["trained_on_this_archive"]
    assert "very archive" in found["warnings"][0]


def test_archive_without_labels_is_refused(model_folder, without):
    bare = without(
        temperature_k=None, magnetic_field_tesla=None, condition=None, component=None
    )
    with pytest.raises(TrainingRefusedError, match="label that the model knows"):
        evaluate_model(model_folder, bare)


def test_scalar_scores():
    grid = DensityGrid(coordinate=Coordinate.LOG10, low=0.0, high=3.0)
    truth = np.array([1.0, 2.0])
    quantiles = truth[:, None] + np.array([[-0.2, -0.1, 0.1, 0.2, 0.3]] * 2)
    predictions = ScalarPredictions(
        rows=np.arange(2), grid=grid, truth=truth, quantiles=quantiles
    )
    scores = score(predictions, np.arange(2))
    assert headline(predictions) == "rms_error_dex"
    assert scores["rms_error_dex"] == pytest.approx(0.1)
    assert scores["bias_dex"] == pytest.approx(0.1)
    assert scores["coverage_90"] == 1.0
    assert scores["width_90_dex"] == pytest.approx(0.5)


def test_field_errors_are_in_tesla():
    grid = DensityGrid.around(Coordinate.ASINH, np.array([0.0, 0.05]))
    predictions = ScalarPredictions(
        rows=np.arange(1),
        grid=grid,
        truth=grid.place(np.array([0.010])),
        quantiles=grid.place(np.array([[0.012]])),
    )
    scores = score(predictions, np.arange(1))
    assert scores["rms_error_tesla"] == pytest.approx(0.002)
    assert "coverage_90" not in scores


def test_class_scores():
    predictions = ClassPredictions(
        rows=np.arange(4),
        labels=("a", "b"),
        truth=np.array([0, 0, 0, 1]),
        probabilities=np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]),
    )
    scores = score(predictions, np.arange(4))
    assert scores["accuracy"] == 0.75
    assert scores["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["recall:b"] == 1.0
