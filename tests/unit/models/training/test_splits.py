import numpy as np
import pytest

from models.training.splits import (
    MEMBER_COUNT,
    SplitKind,
    split_at_random,
    split_by_cycle,
)


@pytest.mark.parametrize("cycles", [2, 3, 5, 7, 30])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_cycle_is_on_both_sides(cycles, seed):
    names = np.array([f"c{index % cycles}" for index in range(cycles * 9)])
    split = split_by_cycle(names, np.arange(names.size, dtype=float), seed)
    assert split.kind is SplitKind.BY_CYCLE
    assert split.fold_count == min(MEMBER_COUNT, cycles)
    for held_out in split.held_out():
        assert held_out.any()
        assert not set(names[held_out]) & set(names[~held_out])
    assert (split.held_out().sum(axis=0) == 1).all()


def test_one_cycle_is_split_into_blocks_of_time():
    moments = np.random.default_rng(1).permutation(50).astype(float)
    split = split_by_cycle(np.array(["c"] * 50), moments, 0)
    assert split.kind is SplitKind.BY_TIME
    assert (np.diff(split.fold[np.argsort(moments)]) >= 0).all()
    assert np.unique(split.fold).size == MEMBER_COUNT


def test_random_split_is_named_leaky():
    split = split_at_random(40, 0)
    assert split.kind.value == "random_leaky"
    assert split.held_out().sum() == 40
