import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.networks.density import LEVELS
from models.receiver.intervals import (
    CAUTION,
    CYCLE_PROBABILITY,
    CYCLE_SHARE,
    FAULTY_GROUP,
    GROUP_COUNT,
    OPEN_GROUP,
    PARTIAL_PROBABILITY,
    Stretch,
    allowance,
    fit_stretch,
    groups_of,
    independent_count,
    whole_cycle_reach,
)

NORMAL = np.array([-1.645, -0.994, 0.0, 0.994, 1.645])


def skewed(seed, cycles=40, each=30):
    """Quantiles of a normal that is far too sure, around skewed errors."""
    rng = np.random.default_rng(seed)
    count = cycles * each
    place = rng.uniform(0.0, 2.4, count)
    drift = np.repeat(rng.normal(scale=0.1, size=cycles), each)
    truth = place + drift + 0.3 * (rng.exponential(size=count) - 1)
    raw = place[:, None] + 0.05 * NORMAL
    faulty = rng.uniform(size=count) < 0.25
    cycle = np.repeat([f"cycle-{index}" for index in range(cycles)], each)
    return raw, truth, groups_of(place, faulty), cycle


@given(st.integers(0, 1000))
def test_the_stretch_covers_new_cycles_where_the_raw_does_not(seed):
    raw, truth, group, cycle = skewed(2 * seed)
    stretch = fit_stretch(raw, truth, group, cycle)
    raw, truth, group, _ = skewed(2 * seed + 1)
    found = stretch.applied(raw, group)
    inside = (found[:, 0] <= truth) & (truth <= found[:, -1])
    assert np.mean((raw[:, 0] <= truth) & (truth <= raw[:, -1])) < 0.4
    assert 0.8 < np.mean(inside) < 0.99
    for index in np.unique(group):
        assert np.mean(inside[group == index]) > 0.75


@given(st.lists(st.floats(0.0, 20.0), min_size=5, max_size=5))
def test_stretched_quantiles_rise(factors):
    stretch = Stretch(factors=np.tile(factors, (GROUP_COUNT, 1)))
    raw = 1.3 + 0.1 * NORMAL[None]
    found = stretch.applied(raw, np.array([0]))
    assert np.all(np.diff(found, axis=1) >= 0)


def test_what_keeps_its_promise_is_widened_by_caution_alone():
    rng = np.random.default_rng(3)
    place = rng.uniform(0.0, 2.4, 4000)
    truth = place + 0.1 * rng.normal(size=4000)
    raw = place[:, None] + 0.1 * NORMAL
    cycle = np.array([f"cycle-{index % 40}" for index in range(4000)])
    group = groups_of(place, np.zeros(4000, dtype=bool))
    stretch = fit_stretch(raw, truth, group, cycle)
    found = stretch.applied(raw, group)
    level = np.array(LEVELS)
    outside = (1 - CAUTION) * np.minimum(level, 1 - level)
    expected = np.where(level < 0.5, outside, 1 - outside)
    expected[level == 0.5] = 0.5
    below = np.mean(truth[:, None] <= found, axis=0)
    assert np.allclose(below, expected, atol=0.02)
    assert np.allclose(found, raw, atol=0.05)


@pytest.mark.parametrize("sweeps", [1, 5, 40])
def test_few_sweeps_still_give_finite_quantiles(sweeps):
    raw, truth, group, cycle = (each[:sweeps] for each in skewed(0))
    stretch = fit_stretch(raw, truth, group, cycle)
    assert np.isfinite(stretch.applied(raw, group)).all()


def test_groups_are_bands_of_temperature_and_the_faulty():
    place = np.log10([1.0, 10.0, 100.0, 10.0])
    faulty = np.array([False, False, False, True])
    assert list(groups_of(place, faulty)) == [0, 1, 2, FAULTY_GROUP]


@given(st.sampled_from(LEVELS[:2] + LEVELS[3:]), st.integers(4, 400))
def test_fewer_cycles_ask_for_a_wider_allowance(level, cycles):
    assert allowance(level, cycles) > allowance(level, 2 * cycles) > 1.0
    assert allowance(level, cycles) == pytest.approx(allowance(1 - level, cycles))


@pytest.mark.parametrize("cycles", [5, 12])
def test_the_allowance_covers_one_more_cycle_as_promised(cycles):
    rng = np.random.default_rng(6)
    seen = rng.normal(2.0, 0.7, (100_000, cycles))
    reach = 1.645 * allowance(0.95, cycles) * seen.std(axis=1, ddof=1)
    away = np.abs(rng.normal(2.0, 0.7, 100_000) - seen.mean(axis=1))
    assert np.mean(away <= reach) == pytest.approx(0.9, abs=0.005)


@given(st.integers(0, 1000))
def test_sweeps_count_as_cycles_where_cycles_err_as_one(seed):
    rng = np.random.default_rng(seed)
    cycle = np.repeat([f"cycle-{index}" for index in range(20)], 30)
    own = rng.normal(size=600)
    shared = np.repeat(rng.normal(size=20), 30)
    wider = np.repeat(rng.lognormal(0.0, 1.5, 20), 30) * own
    alone = independent_count(own, cycle)
    assert 20 <= independent_count(shared + 1e-3 * own, cycle) < 21
    assert 20 <= independent_count(wider, cycle) < 150
    assert 200 < alone <= 600
    assert 20 < independent_count(shared + own, cycle) < alone


@pytest.mark.parametrize("sweeps", [1, 2, 3])
def test_a_handful_of_sweeps_is_worth_no_more_than_its_count(sweeps):
    error = np.arange(float(sweeps))
    for cycle in (np.full(sweeps, "a"), np.arange(sweeps).astype(str)):
        assert 1 <= independent_count(error, cycle) <= sweeps


@pytest.mark.parametrize("probability", [CYCLE_PROBABILITY, PARTIAL_PROBABILITY])
def test_most_sweeps_of_most_new_cycles_are_within_the_reach_of_a_whole_cycle(
    probability,
):
    rng = np.random.default_rng(8)
    held = []
    for _ in range(200):
        scale = np.exp(0.4 * rng.normal(size=15))
        size = np.abs(rng.normal(size=(15, 40))) * scale[:, None]
        cycle = np.repeat([f"cycle-{index}" for index in range(14)], 40)
        reach = whole_cycle_reach(size[:14].ravel(), cycle, probability)
        held.append(np.mean(size[14] <= reach) >= CYCLE_SHARE - 0.1)
    assert probability - 0.05 < np.mean(held) <= 1.0


def test_a_whole_cycle_asks_for_nothing_where_cycles_are_alike():
    rng = np.random.default_rng(9)
    cycle = np.repeat([f"cycle-{index}" for index in range(20)], 50)
    size = np.abs(rng.normal(size=1000))
    assert whole_cycle_reach(size, cycle) < np.quantile(size, 0.9)
    assert whole_cycle_reach(size, np.full(1000, "one")) == 0.0


def test_the_upper_bound_of_open_sweeps_keeps_the_promise_of_an_interval():
    rng = np.random.default_rng(10)
    truth = rng.uniform(-2.0, 1.4, 4000)
    raw = np.tile([-1.8, -1.5, -0.3, 0.9, 1.2], (4000, 1))
    cycle = np.array([f"cycle-{index % 40}" for index in range(4000)])
    group = np.full(4000, OPEN_GROUP)
    stretch = fit_stretch(raw, truth, group, cycle, is_place=True)
    found = stretch.applied(raw, group)
    below = np.mean(truth[:, None] <= found[:, -2:], axis=0)
    expected = np.array([0.68, 0.9]) + CAUTION * np.array([0.32, 0.1])
    assert np.allclose(below, expected, atol=0.02)
    both_sided = fit_stretch(raw, truth, group, cycle).applied(raw, group)
    assert np.all(both_sided[:, -1] > found[:, -1])


@pytest.mark.parametrize("is_place", [False, True])
def test_what_a_whole_cycle_needs_widens_all_but_upper_bounds(is_place):
    rng = np.random.default_rng(11)
    cycle = np.repeat([f"cycle-{index}" for index in range(12)], 40)
    truth = np.repeat(rng.normal(size=12), 40) + 0.1 * rng.normal(size=480)
    raw = np.tile(0.1 * NORMAL, (480, 1))
    for group in (0, OPEN_GROUP):
        where = np.full(480, group)
        plain, sure = (
            fit_stretch(raw, truth, where, cycle, is_place=is_place, probability=each)
            for each in (None, PARTIAL_PROBABILITY)
        )
        widened = sure.factors[group] > 1.05 * plain.factors[group]
        is_bound = is_place and group == OPEN_GROUP
        assert widened.tolist() == [not is_bound, False, False, False, not is_bound]


def test_what_may_be_as_cold_as_any_is_no_band():
    place = np.log10([1.0, 10.0, 100.0, 1.0])
    faulty = np.array([False, False, False, True])
    open_below = np.array([True, True, False, True])
    found = groups_of(place, faulty, open_below)
    assert list(found) == [OPEN_GROUP, OPEN_GROUP, 2, FAULTY_GROUP]
