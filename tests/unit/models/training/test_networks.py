"""Members one by one: kept when finished, and not fitted again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.networks.architecture import Fusion
from models.training import fit
from models.training.checkpoints import Checkpoints
from models.training.corpus import build_corpus
from models.training.fit import fit_ensemble, logits_of
from models.training.kernel import chosen_heads
from models.training.labels import HeadLabels
from models.training.recipe import Recipe
from models.training.splitting import split_by_cycle
from models.training.targets import plan_targets

QUICK = Recipe(
    ratio_components=6,
    level_components=2,
    width=12,
    embedding=8,
    epochs=1,
    least_steps=40,
)


@pytest.fixture(scope="module")
def taught(archive_maker):
    corpus = build_corpus([archive_maker(cycles=5, sweeps=10)])
    plan = plan_targets(corpus, ("condition", "temperature_k"))
    return corpus, plan, split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 1)


def fitted(taught, recipe=QUICK, **options):
    corpus, plan, split = taught
    return fit_ensemble(corpus, plan, split.held_out(), 1, recipe, **options)


def same(first, second):
    return all(
        torch.equal(value, second.state_dict()[name])
        for name, value in first.state_dict().items()
    )


def test_a_stopped_training_goes_on_with_the_next_member(taught, tmp_path, monkeypatch):
    whole = fitted(taught)
    kept = Checkpoints.of(tmp_path, {"seed": 1})
    counted = []
    fit_member = fit._fit_member

    def stopped_after_two(*given, **options):
        if len(counted) == 2:
            raise KeyboardInterrupt
        counted.append(1)
        return fit_member(*given, **options)

    monkeypatch.setattr(fit, "_fit_member", stopped_after_two)
    with pytest.raises(KeyboardInterrupt):
        fitted(taught, checkpoints=kept)
    monkeypatch.setattr(
        fit, "_fit_member", lambda *g, **o: counted.append(1) or fit_member(*g, **o)
    )
    assert same(fitted(taught, checkpoints=kept), whole)
    assert len(counted) == 5
    assert same(fitted(taught, checkpoints=kept), whole)
    assert len(counted) == 5
    # Another seed or another archive is another training.
    assert Checkpoints.of(tmp_path, {"seed": 2}).key != kept.key
    kept.clear()
    assert not list(tmp_path.iterdir())


def test_a_member_cut_short_is_fitted_again(taught, tmp_path):
    kept = Checkpoints.of(tmp_path, {"seed": 1})
    whole = fitted(taught, checkpoints=kept)
    for path in kept.folder.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert same(fitted(taught, checkpoints=kept), whole)


@pytest.mark.parametrize("fusion", Fusion)
def test_both_fusions_learn_and_report_their_progress(taught, fusion):
    told = []
    ensemble = fitted(
        taught, replace(QUICK, fusion=fusion), kernels=None, tell=told.append
    )
    assert told == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert ensemble.architecture.kernel_heads == ("condition", "temperature_k")
    corpus, plan, split = taught
    logits = logits_of(ensemble, corpus)
    assert logits["temperature_k"].shape == (5, corpus.sweep_count, 128)
    named = np.array(plan.classes["condition"])[
        logits["condition"][split.fold, np.arange(corpus.sweep_count)].argmax(axis=1)
    ]
    compared = corpus.compared.any(axis=1)
    assert np.mean(named[compared] == corpus.classes["condition"][compared]) > 0.8


def test_the_head_that_reads_left_out_sweeps_better_is_kept():
    labels = {
        name: HeadLabels(torch.eye(2)[[0, 1, 0]], torch.ones(3))
        for name in ("condition", "component")
    }
    right = np.eye(2)[[0, 1, 0]] * 4.0
    wrong = -right
    assert chosen_heads(
        {"condition": right, "component": wrong},
        {"condition": wrong, "component": right},
        labels,
    ) == ("condition",)
