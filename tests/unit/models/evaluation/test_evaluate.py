import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from models.baselines.entries import QUICK_BASELINES
from models.errors import TrainingRefusedError
from models.evaluation.breakdown import break_down
from models.evaluation.evaluate import GROUPED, LEAKY, TRANSFERRED, evaluate_model
from models.evaluation.page import render_page
from models.evaluation.predictions import ClassPredictions, ScalarPredictions
from models.evaluation.scores import headline, score
from models.evaluation.severity import severity_found
from models.networks.density import Coordinate, DensityGrid
from models.serving.predictor import Predictor
from models.training.corpus import build_corpus
from models.training.split import Split


@pytest.fixture(scope="module")
def document(model_folder, archive, new_cycles, recipe):
    quick = replace(recipe, epochs=1, least_steps=60)
    return evaluate_model(
        model_folder,
        new_cycles,
        recipe=quick,
        learnt_from=[archive],
        names=QUICK_BASELINES,
    )


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
    assert condition["overall"]["detection_auroc"] > 0.9
    assert set(condition["per_cycle"]) == {"cycle-100", "cycle-101"}
    overall = condition["overall"]
    assert 0.8 < overall["named_right_share"] <= overall["accuracy"]
    assert overall["named_right_share"] + overall["misnamed_share"] + overall[
        "unknown_share"
    ] == pytest.approx(1.0)
    low, high = condition["interval_90"]
    assert low <= condition["overall"]["balanced_accuracy"] <= high
    assert "4-10 K" in condition["per_temperature_band"]
    temperature = document["targets"]["temperature_k"]["model"]
    assert {"crps_dex", "cde_loss", "pit_ks", "crps_skill", "rms_error_k"} <= set(
        temperature["overall"]
    )
    assert set(temperature["intervals_90"]) <= set(temperature["overall"])
    assert temperature["overall"]["coverage_90_worst_cycle"] == min(
        cycle["coverage_90"] for cycle in temperature["per_cycle"].values()
    )


def test_baselines_and_all_splits_stand_beside(document):
    target = document["targets"]["temperature_k"]
    assert set(target["baselines"]) == set(QUICK_BASELINES)
    assert set(target["retrained"]) == {GROUPED, LEAKY}
    for row in target["baselines"].values():
        assert set(row) == {GROUPED, LEAKY, TRANSFERRED}
    mean = target["baselines"]["predict_mean"][GROUPED]["ranked"]["rms_error_dex"]
    assert target["model"]["ranked"]["rms_error_dex"] < 0.7 * mean
    moved = target["baselines"]["pca30_ridge"][TRANSFERRED]
    assert moved["sweeps"] == target["model"]["sweeps"]
    assert document["splits"][TRANSFERRED]["kind"] == "new_archive"
    stored = json.loads(json.dumps(document["splits"][GROUPED]))
    assert Split.from_record(stored).sha256 == stored["sha256"]


def test_few_cycles_are_said_and_not_ranked(document):
    assert any("insufficient cycles" in line for line in document["warnings"])
    target = document["targets"]["condition"]
    assert target["ranking"]["order"] == target["transfer_ranking"]["order"] == []
    assert not document["trained_on_this_archive"]


def test_traces_and_checks_stand_beside(document):
    target = document["targets"]["condition"]
    assert len(target["trace_subsets"]) == 7
    assert target["trace_subsets"][0]["traces"] == ["S21", "S23", "S11"]
    assert target["detection"]["first"]["detected"] > 0
    assert set(target["sanity"]) == {
        "shuffled_labels",
        "metadata_only",
        "through_time",
    }


def test_the_states_are_those_of_the_service(document, model_folder, new_cycles):
    told = Predictor.load(model_folder).diagnose_archive(new_cycles)
    states = [one.temperature_k.state.value == "estimated" for one in told]
    labelled = np.isin(np.arange(len(told)), np.flatnonzero(~new_cycles.is_reference))
    share = document["targets"]["temperature_k"]["model"]["overall"]["estimated_share"]
    assert share == pytest.approx(np.mean(np.array(states)[labelled]), abs=0.05)


class Page(HTMLParser):
    """Counts elements, and what a page would fetch."""

    def __init__(self, text):
        super().__init__()
        self.open, self.count, self.fetched = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in {"meta", "path", "rect", "circle", "polyline"}:
            self.open.append(tag)
        self.fetched += [value for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag


def test_the_page_holds_everything_and_fetches_nothing(document):
    text = render_page(document)
    page = Page(text)
    assert page.open == []
    assert page.fetched == []
    assert not re.search(r"url\(|@import|https?://", text)
    # Five charts of each scalar, three of each class.
    assert page.count["svg"] == 2 * 5 + 2 * 3
    assert page.count["h2"] == 4
    for word in ("insufficient cycles", "pca30_knn5", "random (leaky)", "PIT"):
        assert word in text


def test_severities_and_wrong_labels_are_drawn(document):
    severity, found = np.linspace(0.1, 1.0, 60), np.arange(60) > 20
    told = severity_found(severity, found)
    curve = [
        {"flipped_share": share, "score": 0.9 - share, "interval_90": [0.5, 1.0]}
        for share in (0.0, 0.05, 0.1, 0.2)
    ]
    further = {
        "severity": {
            "<i>": {"sweeps": 60, "cycles": 3, "detected": told, "named": told}
        },
        "label_noise": {
            "pca30_ridge": {"headline": "balanced_accuracy", "curve": curve},
            "nothing": {},
        },
    }
    target = document["targets"]["condition"]
    plain, drawn = (
        Page(render_page(document | {"targets": {"condition": one}}))
        for one in (target, target | further)
    )
    assert drawn.open == []
    assert drawn.count["svg"] == plain.count["svg"] + 2
    text = render_page(document | {"targets": {"condition": target | further}})
    assert "<i>" not in text
    assert "20 % flipped" in text
    assert f"{told['severity_90']:.4g}" in text
    assert "nine times in ten" in text


def test_names_on_the_page_are_escaped(document):
    target = document["targets"]["component"]
    named = target | {"model": target["model"] | {"warning": "<script>"}}
    text = render_page(document | {"targets": {"<b>": named}})
    assert "<script>" not in text
    assert "<h2>&lt;b&gt;</h2>" in text


def test_own_training_data_is_recognised(model_folder, archive, recipe):
    quick = replace(recipe, epochs=1, least_steps=20)
    found = evaluate_model(
        model_folder, archive, recipe=quick, names=("predict_mean", "pca30_knn5")
    )
    assert found["trained_on_this_archive"]
    assert "very archive" in found["warnings"][0]


def test_archive_without_labels_is_refused(model_folder, without):
    bare = without(
        temperature_k=None, magnetic_field_tesla=None, condition=None, component=None
    )
    with pytest.raises(TrainingRefusedError, match="label that the model knows"):
        evaluate_model(model_folder, bare)


def test_no_reference_leaves_nothing_to_score_of_the_receiver(
    model_folder, archive_maker, recipe
):
    bare = archive_maker(cycles=1, sweeps=10, start_cycle=70)
    bare = replace(bare, is_reference=np.zeros(bare.sweep_count, dtype=bool))
    found = evaluate_model(
        model_folder,
        bare,
        recipe=replace(recipe, epochs=1, least_steps=20),
        names=("predict_mean", "pca30_knn5"),
    )
    assert found["split"] == "by_time"
    assert any("one thermal cycle only" in line for line in found["warnings"])
    assert set(found["targets"]) == {"component"}
    assert "has a reference" in found["not_evaluated"]["temperature_k"]
    assert "has a reference" in render_page(found)
    json.dumps(found, allow_nan=False)


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
    assert "detection_auroc" not in scores
    assert scores["auroc"] == pytest.approx(1.0)
    assert scores["top_3"] == 1.0


def test_an_interval_of_many_draws_holds_the_score(archive):
    corpus = build_corpus([archive])
    grid = DensityGrid.around(Coordinate.LOG10, corpus.numbers["temperature_k"])
    truth = grid.place(corpus.numbers["temperature_k"])
    rng = np.random.default_rng(3)
    spread = 0.1 * np.array([-1.645, -0.994, 0.0, 0.994, 1.645])
    middle = truth + 0.1 * rng.normal(size=truth.size)
    predictions = ScalarPredictions(
        rows=np.arange(truth.size),
        grid=grid,
        truth=truth,
        quantiles=middle[:, None] + spread,
        unit="k",
        estimated=truth > 1.0,
    )
    found = break_down(predictions, corpus)
    assert found["overall"]["coverage_90"] == pytest.approx(0.9, abs=0.05)
    assert found["overall"]["coverage_68"] == pytest.approx(0.68, abs=0.08)
    assert found["overall"]["pit_ks"] < 0.08
    assert found["overall"]["estimated_share"] == pytest.approx(np.mean(truth > 1.0))
    for name, (low, high) in found["intervals_90"].items():
        # Distances from a law are bent upwards by resampling.
        if not name.startswith("pit_"):
            assert low - 1e-9 <= found["overall"][name] <= high + 1e-9, name
    healthy = found["slices"]["healthy"]
    assert healthy["sweeps"] == found["ranked"]["sweeps"]
    assert found["slices"]["estimated"]["sweeps"] == (truth > 1.0).sum()
