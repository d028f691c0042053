import numpy as np
import pytest
import scoringrules
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.histogram import (
    cumulative,
    histogram_cde_loss,
    histogram_crps,
    histogram_of_quantiles,
    histogram_pit,
    histogram_quantile,
)

EDGES = np.linspace(-6.0, 6.0, 1201)


def normal(mean, sigma, edges=EDGES):
    from scipy.stats import norm

    return np.diff(norm.cdf(edges, mean[:, None], sigma[:, None]), axis=1)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(4)
    mean, sigma = rng.uniform(-1, 1, 200), rng.uniform(0.2, 0.8, 200)
    return mean, sigma, mean + sigma * rng.normal(size=200)


def test_crps_is_that_of_scoringrules_for_a_normal(drawn):
    mean, sigma, truth = drawn
    found = histogram_crps(normal(mean, sigma), EDGES, truth)
    assert found == pytest.approx(
        scoringrules.crps_normal(truth, mean, sigma), abs=2e-5
    )


@given(low=st.floats(-5, 0), width=st.floats(0.1, 5), truth=st.floats(-12, 12))
def test_crps_is_that_of_scoringrules_for_one_bin(low, width, truth):
    edges = np.array([low, low + width])
    found = histogram_crps(np.ones((1, 1)), edges, np.array([truth]))
    expected = scoringrules.crps_uniform(truth, low, low + width)
    assert found[0] == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), bins=st.integers(2, 12), truth=st.floats(-1.5, 2.5))
def test_crps_of_any_histogram_is_the_integral(seed, bins, truth):
    rng = np.random.default_rng(seed)
    edges = np.concatenate([[0.0], np.cumsum(rng.uniform(0.02, 0.3, bins))])
    shares = rng.dirichlet(np.full(bins, 0.5))[None]
    at = np.linspace(-2.0, 6.0, 160_001)
    rising = np.interp(at, edges, cumulative(shares)[0])
    expected = np.trapezoid((rising - (at >= truth)) ** 2, at)
    found = histogram_crps(shares, edges, np.array([truth]))
    assert found[0] == pytest.approx(expected, abs=2e-4)


def test_cde_loss_is_least_for_the_truth(drawn):
    mean, sigma, _ = drawn
    rng = np.random.default_rng(5)
    truth = mean + sigma * rng.normal(size=200)
    losses = {
        factor: histogram_cde_loss(normal(mean, factor * sigma), EDGES, truth).mean()
        for factor in (0.4, 1.0, 3.0)
    }
    assert losses[1.0] < min(losses[0.4], losses[3.0])
    flat = histogram_cde_loss(np.ones((1, 10)), np.linspace(0, 2, 11), np.array([1.0]))
    assert flat[0] == pytest.approx(0.5 - 2 * 0.5)


def test_pit_is_uniform_where_the_distribution_is_true(drawn):
    mean, sigma, truth = drawn
    pit = histogram_pit(normal(mean, sigma), EDGES, truth)
    from scipy.stats import kstest, norm

    assert pit == pytest.approx(norm.cdf(truth, mean, sigma), abs=1e-4)
    assert kstest(pit, "uniform").pvalue > 0.01


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), level=st.floats(0.01, 0.99))
def test_quantile_and_pit_are_inverse(seed, level):
    rng = np.random.default_rng(seed)
    edges = np.linspace(0.0, 1.0, 9)
    shares = rng.dirichlet(np.ones(8), 5)
    at = histogram_quantile(shares, edges, level)
    assert histogram_pit(shares, edges, at) == pytest.approx(level, abs=1e-9)


def test_a_histogram_of_quantiles_has_these_quantiles():
    levels = np.array([0.05, 0.16, 0.5, 0.84, 0.95])
    mean, sigma = np.array([0.0, 1.0]), np.array([0.5, 0.3])
    from scipy.stats import norm

    quantiles = norm.ppf(levels, mean[:, None], sigma[:, None])
    shares = histogram_of_quantiles(quantiles, levels, EDGES)
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert (shares >= 0).all()
    for column, level in enumerate(levels):
        found = histogram_quantile(shares, EDGES, level)
        assert found == pytest.approx(quantiles[:, column], abs=0.02)
    truth = mean + 0.4
    found = histogram_crps(shares, EDGES, truth)
    assert found == pytest.approx(
        scoringrules.crps_normal(truth, mean, sigma), rel=0.08
    )


def test_quantiles_that_coincide_are_a_point():
    levels = np.array([0.05, 0.16, 0.5, 0.84, 0.95])
    shares = histogram_of_quantiles(np.zeros((1, 5)) + 0.3, levels, EDGES)
    assert histogram_crps(shares, EDGES, np.array([1.3]))[0] == pytest.approx(
        1.0, abs=0.05
    )
