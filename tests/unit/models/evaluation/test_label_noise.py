"""Labels flipped in training: what is flipped, and who judges."""

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.label_noise import FLIPPED_SHARES, flipped, label_noise
from models.evaluation.leaderboard import baseline_learner
from models.evaluation.predictions import ClassPredictions
from models.evaluation.question import Question
from models.evaluation.representation import representation_of
from models.evaluation.retrained import retrained_learner
from models.training.corpus import build_corpus
from models.training.recipe import Recipe
from models.training.splitting import split_by_cycle
from models.training.targets import plan_targets


@pytest.fixture(scope="module")
def asked(archive_maker):
    archive = archive_maker(cycles=2, sweeps=24, points=128)
    archive = replace(
        archive, s=archive.s[:, 1:2], s_parameters=archive.s_parameters[1:2]
    )
    corpus = build_corpus([archive])
    plan = plan_targets(corpus, ("condition",))
    split = split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 0)
    question = Question.of(corpus, plan, "condition")
    return question, corpus, representation_of(corpus, [archive]), split


def test_shares_are_flipped_and_grow_by_the_same_sweeps(asked):
    question = asked[0]
    learnt = int(question.learnt.sum())
    before = np.zeros(question.truth.size, dtype=bool)
    for share in FLIPPED_SHARES:
        wrong = flipped(question, share)
        now = wrong.truth != question.truth
        assert now.sum() == round(share * learnt)
        assert (now >= before).all()
        assert not now[~question.learnt].any()
        assert set(wrong.truth[now]) <= set(range(len(question.labels)))
        before = now


def test_a_learner_that_believes_its_labels_loses_what_was_flipped(asked):
    question, corpus, _, _ = asked

    def by_heart(wrong):
        rows = np.flatnonzero(wrong.scored)
        return ClassPredictions(
            rows=rows,
            labels=wrong.labels,
            truth=wrong.truth[rows],
            probabilities=np.eye(len(wrong.labels))[wrong.truth[rows]],
        )

    found = label_noise(question, corpus, by_heart)
    assert found["headline"] == "balanced_accuracy"
    scores = [one["score"] for one in found["curve"]]
    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True)
    # Flips leave each class at random: recall falls by their share.
    assert scores[-1] == pytest.approx(0.8, abs=0.1)
    for one in found["curve"]:
        low, high = one["interval_90"]
        assert low <= one["score"] <= high


def test_models_learn_what_is_flipped_and_are_judged_by_the_truth(asked):
    question, corpus, representation, split = asked
    learn = baseline_learner(representation, split, "pca30_ridge")
    found = label_noise(question, corpus, learn)
    assert found["curve"][0]["score"] > 0.9
    assert found["curve"][-1]["score"] > 0.6
    quick = Recipe(ratio_components=6, level_components=3, width=16, embedding=8)
    quick = replace(quick, epochs=1, least_steps=30, batch=32)
    said = retrained_learner(corpus, split, quick)(flipped(question, 0.2))
    assert np.array_equal(said.rows, np.flatnonzero(question.scored))
    assert said.probabilities.sum(axis=1) == pytest.approx(1.0)
    said_right = said.probabilities.argmax(axis=1) == question.truth[said.rows]
    assert said_right.mean() > 0.6


def test_one_class_has_no_curve(asked):
    question, corpus, _, _ = asked
    alone = replace(question, labels=question.labels[:1])
    assert label_noise(alone, corpus, lambda _: None) == {}
