from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.leaderboard import baseline_predictions
from models.evaluation.question import Question
from models.evaluation.representation import RECEIVER, representation_of
from models.evaluation.retrained import retrained_certainty
from models.evaluation.sanity import metadata_only, shuffled_labels, through_time
from models.evaluation.subsets import trace_subsets
from models.evaluation.unknown import baseline_certainty, leave_classes_out
from models.training.corpus import build_corpus
from models.training.splitting import split_at_random, split_by_cycle
from models.training.targets import plan_targets


@pytest.fixture(scope="module")
def known(archive_maker):
    archive = archive_maker(cycles=6, sweeps=10, points=256)
    corpus = build_corpus([archive])
    split = split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 0)
    return corpus, plan_targets(corpus), representation_of(corpus, [archive]), split


@pytest.mark.parametrize("target", ["temperature_k", "condition"])
def test_shuffled_labels_leave_chance(known, target):
    corpus, plan, representation, split = known
    question = Question.of(corpus, plan, target)
    assert shuffled_labels(question, corpus, representation, split)["passed"]


def test_labels_that_leak_are_noticed(known):
    """Sweeps measured twice, in training and in test, give any label away."""
    corpus, plan, representation, _ = known
    question = Question.of(corpus, plan, "temperature_k")
    rng = np.random.default_rng(1)
    marks = rng.normal(size=(corpus.sweep_count // 2, 40)).repeat(2, axis=0)
    twins = replace(representation, tables={RECEIVER: 100 * marks.astype(np.float32)})
    truth = question.truth[: corpus.sweep_count : 2].repeat(2)
    everything = np.ones(corpus.sweep_count, dtype=bool)
    leaky = replace(question, truth=truth, scored=everything, learnt=everything)
    split = split_at_random(corpus.sweep_count, 0)
    found = baseline_predictions([leaky], twins, split, ("pca30_knn5", "predict_mean"))
    errors = {
        name: np.abs(one.estimate - one.truth).mean()
        for name, one in found["temperature_k"].items()
    }
    assert errors["pca30_knn5"] < errors["predict_mean"]


def test_a_schedule_that_gives_the_label_away_is_noticed(known):
    corpus, plan, representation, split = known
    names = ("predict_mean", "clock", "metadata_trees", "pca30_ridge")
    fair = Question.of(corpus, plan, "temperature_k")
    given = replace(fair, truth=0.8 + 0.1 * representation.clock[:, 0])
    verdicts = []
    for question in (fair, given):
        found = baseline_predictions([question], representation, split, names)
        verdicts.append(metadata_only(found[question.name], corpus))
    assert verdicts[0]["passed"]
    assert not verdicts[1]["passed"]
    assert verdicts[1]["metadata"]["score"] < 0.1


def test_both_directions_of_time_are_scored(known):
    corpus, plan, representation, _ = known
    question = Question.of(corpus, plan, "temperature_k")
    found = through_time(question, corpus, representation)
    assert set(found) == {"forward_in_time", "backward_in_time"}


def test_classes_never_seen_look_less_sure(known):
    corpus, plan, representation, split = known
    question = Question.of(corpus, plan, "condition")
    assert leave_classes_out(question, lambda _: np.ones(1)) == {}
    # Three classes far apart in a table of their own.
    rng = np.random.default_rng(0)
    kind = np.arange(corpus.sweep_count) % 3
    table = np.eye(3)[kind] * 8 + rng.normal(size=(kind.size, 3))
    apart = replace(representation, tables={RECEIVER: table.astype(np.float32)})
    everything = np.ones(kind.size, dtype=bool)
    three = replace(
        question,
        truth=kind,
        labels=("a", "b", "c"),
        scored=everything,
        learnt=everything,
    )
    found = leave_classes_out(three, baseline_certainty(apart, split, "pca30_ridge"))
    assert set(found["classes"]) == {"a", "b", "c"}
    assert found["mean_fpr_95"] < 0.9
    assert all(one["auroc"] > 0.5 for one in found["classes"].values())


def test_the_network_is_trained_without_the_class(known, recipe):
    corpus, plan, _, split = known
    question = Question.of(corpus, plan, "condition")
    # A third class of the sweeps of one cavity, so that one can be held out.
    kind = np.where(corpus.cavity == "one", question.truth, 2)
    three = replace(question, truth=kind, labels=("a", "b", "c"))
    quick = replace(recipe, epochs=1, least_steps=60)
    found = leave_classes_out(three, retrained_certainty(corpus, split, quick))
    assert set(found["classes"]) == {"a", "b", "c"}
    assert 0.0 <= found["mean_fpr_95"] <= 1.0


def test_subsets_of_traces():
    assert trace_subsets(("a",)) == [("a",)]
    assert len(trace_subsets(("a", "b", "c", "d"))) == 15
    many = trace_subsets(tuple("abcdef"))
    assert many[0] == tuple("abcdef")
    assert len(many) == 1 + 6 + 6
