import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from models.evaluation.weighted import (
    Weighting,
    auroc_of,
    confusion_of,
    false_positive_rate_at,
    flatness_of,
    mean_of,
    median_of,
    uniformity_of,
    wilson_interval,
)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 40))
def test_a_weight_is_a_repetition(seed, size):
    """What a draw with repetitions gives is what its weights give."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=size), 1)
    pit = np.round(rng.uniform(size=size), 2)
    counts = rng.integers(0, 3, size)
    if not counts.any():
        counts[0] = 1
    weights = Weighting.of_sweeps(counts[None].astype(float))
    repeated = np.repeat(np.arange(size), counts)
    ones = Weighting.of_sweeps(np.ones((1, repeated.size)))
    assert mean_of(values, weights) == pytest.approx(values[repeated].mean())
    assert median_of(values, weights) == pytest.approx(np.median(values[repeated]))
    assert uniformity_of(pit, weights) == pytest.approx(
        uniformity_of(pit[repeated], ones)
    )
    assert flatness_of(pit, weights) == pytest.approx(flatness_of(pit[repeated], ones))
    positive = rng.random(size) < 0.5
    if 0 < positive[repeated].sum() < repeated.size:
        expected = roc_auc_score(positive[repeated], values[repeated])
        assert auroc_of(values, positive, weights) == pytest.approx(expected)


def test_confusion_and_recall_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    cells = confusion_of(truth, said, 3, Weighting.of_sweeps(np.ones((1, 60))))[0]
    recall = np.diagonal(cells) / cells.sum(axis=1)
    assert recall.mean() == pytest.approx(balanced_accuracy_score(truth, said))


def test_kolmogorov_smirnov_agrees_with_scipy():
    from scipy.stats import kstest

    pit = np.random.default_rng(1).uniform(size=50) ** 1.5
    assert uniformity_of(pit, Weighting.whole(np.ones(50, bool)))[0] == pytest.approx(
        kstest(pit, "uniform").statistic
    )


def test_no_sweep_gives_no_number():
    nothing = Weighting.of_sweeps(np.zeros((1, 3)))
    values = np.array([1.0, 2.0, 3.0])
    assert np.isnan(mean_of(values, nothing)).all()
    assert np.isnan(median_of(values, nothing)).all()
    assert np.isnan(auroc_of(values, values > 2, nothing)).all()


def test_whole_cycles_are_drawn():
    cycles = np.repeat(["a", "b", "c", "d"], [2, 3, 4, 5])
    kept = cycles != "d"
    (drawn,) = Weighting.resampled(cycles, kept, draws=50)
    weights = drawn.counts[:, drawn.group]
    assert weights.shape == (50, 14)
    for name in "abc":
        own = weights[:, cycles == name]
        assert (own == own[:, :1]).all()
    assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all()
    assert not weights[:, ~kept].any()
    names, each = Weighting.one_by_one(cycles)
    assert names == ["a", "b", "c", "d"]
    assert each.sums(np.ones(14)).tolist() == [2, 3, 4, 5]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_groups_count_as_their_sweeps(seed):
    rng = np.random.default_rng(seed)
    cycles = rng.integers(0, 4, 25)
    kept = rng.random(25) < 0.8
    if not kept.any():
        kept[0] = True
    values, positive = np.round(rng.normal(size=25), 1), rng.random(25) < 0.5
    for by_group in Weighting.resampled(cycles, kept, 20, seed):
        by_sweep = Weighting.of_sweeps(by_group.counts[:, by_group.group])
        for statistic in (
            mean_of,
            median_of,
            lambda v, w: auroc_of(v, positive, w),
            lambda v, w: uniformity_of(np.clip(v / 8 + 0.5, 0, 1), w),
            lambda v, w: confusion_of(positive.astype(int), (v > 0).astype(int), 2, w),
        ):
            expected = statistic(values, by_sweep)
            assert statistic(values, by_group) == pytest.approx(expected, nan_ok=True)


def test_the_bootstrap_of_cycles_is_wider_than_that_of_sweeps():
    rng = np.random.default_rng(2)
    cycles = np.repeat(np.arange(10), 50)
    values = rng.normal(size=10)[cycles] + 0.1 * rng.normal(size=500)
    everything = np.ones(500, dtype=bool)
    by_cycle, by_sweep = (
        np.concatenate(
            [
                mean_of(values, weighting)
                for weighting in Weighting.resampled(groups, everything, 300)
            ]
        )
        for groups in (cycles, np.arange(500))
    )
    assert by_cycle.std() > 3 * by_sweep.std()


def test_wilson_interval_is_the_published_one():
    low, high = wilson_interval(8, 10)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(5, 5)[1] == 1.0


def test_rate_of_unknown_sweeps_that_pass():
    known, unknown = np.linspace(0, 1, 101), np.array([-1.0, 0.02, 0.5, 2.0])
    assert false_positive_rate_at(known, unknown) == 0.5
