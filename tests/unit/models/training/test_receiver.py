"""The receiver's judge of a corpus, beside a network that knows the base rates only."""

from dataclasses import replace

import numpy as np
import pytest

from models.networks.density import LEVELS
from models.training.corpus import build_corpus
from models.training.receiver import learn_from_corpus
from models.training.splitting import split_by_cycle
from models.training.targets import plan_targets


@pytest.fixture(scope="module")
def corpus(archive):
    return build_corpus([archive])


@pytest.fixture(scope="module")
def plan(corpus):
    return plan_targets(corpus, ("condition", "temperature_k", "magnetic_field_tesla"))


@pytest.fixture(scope="module")
def split(corpus):
    return split_by_cycle(corpus.thermal_cycle, 5, 0)


def base_rates(corpus, plan):
    """Return what somebody says who has not looked at the sweep."""
    count = corpus.sweep_count
    quantiles = {
        name: np.tile(np.quantile(grid.place(corpus.numbers[name]), LEVELS), (count, 1))
        for name, grid in plan.densities.items()
    }
    labels = plan.classes["condition"]
    return quantiles, {"condition": np.full((count, len(labels)), 1 / len(labels))}


@pytest.fixture(scope="module")
def learnt(corpus, plan, split):
    return learn_from_corpus(corpus, plan, split, *base_rates(corpus, plan))


def test_left_out_sweeps_are_read_in_the_coordinate_of_the_grid(corpus, plan, learnt):
    compared = corpus.compared.any(axis=1)
    for name, grid in plan.densities.items():
        quantiles = learnt.quantiles[name]
        assert np.array_equal(np.isfinite(quantiles).all(axis=1), compared)
        truth = grid.place(corpus.numbers[name])[compared]
        found = quantiles[compared]
        inside = (found[:, 0] <= truth) & (truth <= found[:, -1])
        assert np.mean(inside) > 0.85
        assert (found >= grid.low).all()
        assert (found <= grid.high).all()


def test_the_better_one_names_the_condition(corpus, plan, split, learnt):
    assert learnt.names_condition
    quantiles, _ = base_rates(corpus, plan)
    labels = np.array(plan.classes["condition"])
    truth = corpus.classes["condition"][:, None] == labels
    sure = {"condition": np.where(truth, 1.0, 0.0)}
    beaten = learn_from_corpus(corpus, plan, split, quantiles, sure)
    assert not beaten.names_condition


def test_a_network_that_only_guesses_is_nobodys_expert(learnt):
    for each in learnt.judge.sets.values():
        for reading in each.scalars.values():
            assert (reading.expert != 2).all()


def test_without_references_there_is_no_judge(archive, corpus, plan, split):
    bare = build_corpus(
        [replace(archive, is_reference=np.zeros_like(archive.is_reference))]
    )
    assert bare.coordinates is None
    assert learn_from_corpus(bare, plan, split, *base_rates(corpus, plan)) is None


def test_with_neither_scalar_nor_condition_there_is_no_judge(corpus, plan, split):
    empty = replace(plan, densities={}, classes={})
    assert learn_from_corpus(corpus, empty, split, {}, {}) is None
