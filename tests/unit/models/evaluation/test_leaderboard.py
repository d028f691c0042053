from dataclasses import replace

import numpy as np
import pytest

from models.baselines.entries import BASELINES, Baseline, View, predict_mean
from models.evaluation.gates import GROUPED
from models.evaluation.leaderboard import (
    LEAKY,
    baseline_predictions,
    make_board,
)
from models.evaluation.predictions import ClassPredictions, ScalarPredictions
from models.evaluation.question import Question
from models.evaluation.representation import representation_of
from models.training.corpus import build_corpus
from models.training.splitting import (
    split_at_random,
    split_by_cycle,
    split_new_archive,
    sweep_ids,
)
from models.training.targets import plan_targets

NAMES = tuple(BASELINES)


@pytest.fixture(scope="module")
def known(archive_maker):
    """A small corpus, its plan and its representation."""
    archive = archive_maker(cycles=8, sweeps=8, points=256)
    corpus = build_corpus([archive])
    plan = plan_targets(corpus, ["temperature_k", "condition"])
    return corpus, plan, representation_of(corpus, [archive])


@pytest.fixture(scope="module")
def splits(known):
    corpus = known[0]
    ids = sweep_ids(corpus.cavity, corpus.thermal_cycle, corpus.measured_at)
    return {
        GROUPED: split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 0, ids),
        LEAKY: split_at_random(corpus.sweep_count, 0, ids),
    }


def test_every_baseline_answers_about_the_same_sweeps(known, splits):
    corpus, plan, representation = known
    board = make_board(corpus, plan, representation, splits)
    assert not board.missing
    for target in plan.trained:
        for found in board.found.values():
            assert set(found[target]) == set(NAMES)
            rows = [one.rows.tolist() for one in found[target].values()]
            assert all(row == rows[0] for row in rows)
    record = board.to_record()
    assert record["splits"][LEAKY]["leaky"]
    temperature = record["targets"]["temperature_k"]
    rows = {name: row[GROUPED] for name, row in temperature["rows"].items()}
    mean = rows["predict_mean"]["ranked"]["rms_error_dex"]
    assert rows["minirocket_ridge"]["ranked"]["rms_error_dex"] < 0.3 * mean
    assert rows["clock"]["ranked"]["rms_error_dex"] > 0.8 * mean
    assert rows["predict_mean"]["overall"]["crps_skill"] == pytest.approx(0.0)
    order = temperature["ranking"]["order"]
    assert [one["score"] for one in order] == sorted(one["score"] for one in order)
    assert order[0]["behind_best"] == 0.0
    # Residuals of other cycles make honest intervals of points.
    assert 0.7 < rows["pca30_gp"]["ranked"]["sweeps"] / corpus.sweep_count * 2 < 1.5
    assert 0.75 < rows["pca30_gp"]["slices"]["healthy"]["coverage_90"] <= 1.0


@pytest.mark.parametrize("name", ["pca30_ridge", "minirocket_ridge", "pca30_gp"])
def test_what_is_tested_is_never_learnt_from(known, splits, name):
    """Other labels of a held-out cycle change nothing of what is said of it."""
    corpus, plan, representation = known
    split = splits[GROUPED]
    question = Question.of(corpus, plan, "temperature_k")
    held_out = split.fold == 2
    truth = np.where(held_out, question.truth[::-1], question.truth)
    first, second = (
        baseline_predictions([one], representation, split, (name,))[one.name][name]
        for one in (question, replace(question, truth=truth))
    )
    inside = held_out[first.rows]
    assert np.array_equal(first.estimate[inside], second.estimate[inside])
    assert not np.array_equal(first.estimate[~inside], second.estimate[~inside])


def test_scalars_are_learnt_from_healthy_sweeps(known):
    corpus, plan, _ = known
    question = Question.of(corpus, plan, "temperature_k")
    assert (corpus.classes["condition"][question.learnt] == "healthy").all()
    assert question.scored.sum() > question.learnt.sum()
    assert Question.of(corpus, plan, "condition").learnt.sum() == question.scored.sum()


def test_a_missing_package_is_said(known, splits, monkeypatch):
    corpus, plan, representation = known
    lacking = Baseline(View.NOTHING, predict_mean, needs="no_such_package")
    monkeypatch.setitem(BASELINES, "pca50_lightgbm", lacking)
    board = make_board(
        corpus,
        plan,
        representation,
        splits,
        names=("predict_mean", "pca50_lightgbm"),
    )
    assert "pip install no_such_package" in board.missing["pca50_lightgbm"]
    assert set(board.found[GROUPED]["condition"]) == {"predict_mean"}


def test_learning_from_one_archive_and_judging_another(archive_maker):
    archives = [
        archive_maker(cycles=6, sweeps=8, points=256),
        archive_maker(cycles=2, sweeps=8, points=256, start_cycle=50),
    ]
    corpus = build_corpus(archives)
    plan = plan_targets(corpus, ["temperature_k", "condition"])
    split = split_new_archive(
        corpus.row[:, 0] == 1, corpus.thermal_cycle, corpus.measured_at, 0
    )
    found = baseline_predictions(
        [Question.of(corpus, plan, name) for name in plan.trained],
        representation_of(corpus, archives),
        split,
        ("predict_mean", "full_rank_ridge"),
    )
    said = found["temperature_k"]["full_rank_ridge"]
    assert isinstance(said, ScalarPredictions)
    assert (corpus.row[said.rows, 0] == 1).all()
    assert said.quantiles.shape[1] == 5
    assert said.density is not None
    assert said.density.shape[0] == said.rows.size
    verdicts = found["condition"]["full_rank_ridge"]
    assert isinstance(verdicts, ClassPredictions)
    assert verdicts.rows.size == 32 - 4


def test_few_cycles_are_not_ranked(archive_maker):
    archive = archive_maker(cycles=3, sweeps=8, points=256)
    corpus = build_corpus([archive])
    plan = plan_targets(corpus, ["condition"])
    board = make_board(
        corpus,
        plan,
        representation_of(corpus, [archive]),
        {GROUPED: split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 0)},
        names=("predict_mean", "pca30_knn5"),
    )
    ranking = board.ranking("condition")
    assert ranking["order"] == []
    assert "insufficient cycles: 3" in ranking["warning"]


def test_the_raw_view_is_the_sweep_itself(known, archive_maker):
    representation = known[2]
    archive = archive_maker(cycles=8, sweeps=8, points=256)
    real = representation.raw[5].reshape(3, 2, 256)
    assert real[0, 0] == pytest.approx(archive.s[5, 0].real, abs=1e-6)
    assert real[2, 1] == pytest.approx(archive.s[5, 2].imag, abs=1e-6)
    assert representation.clock[:9, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0]
