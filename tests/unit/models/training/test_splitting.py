import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import TrainingRefusedError
from models.training.split import SplitKind
from models.training.splitting import (
    MEMBER_COUNT,
    split_at_random,
    split_by_cavity,
    split_by_cycle,
    split_in_time,
    split_new_archive,
    sweep_ids,
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
    assert split.kind.is_leaky
    assert not SplitKind.BY_CYCLE.is_leaky


def test_no_cavity_is_on_both_sides():
    cavity = np.array([f"cavity-{index % 13}" for index in range(60)])
    split = split_by_cavity(cavity, 0)
    assert split.fold_count == 2 * MEMBER_COUNT
    for _, seen, tested in split.folds():
        assert tested.size
        assert not set(cavity[seen]) & set(cavity[tested])


def test_one_cavity_cannot_be_left_out():
    with pytest.raises(TrainingRefusedError, match="'only'"):
        split_by_cavity(np.array(["only"] * 4), 0)


@given(
    cycles=st.integers(2, 20),
    overlap=st.booleans(),
    backward=st.booleans(),
    seed=st.integers(0, 99),
)
def test_what_is_tested_comes_after_all_that_was_seen(cycles, overlap, backward, seed):
    rng = np.random.default_rng(seed)
    number = rng.permutation(np.repeat(np.arange(cycles), 4))
    measured_at = 100.0 * number + rng.uniform(0, 90, number.size)
    cavity = rng.integers(2, size=number.size) if overlap else np.zeros_like(number)
    names = np.char.add(number.astype(str), np.char.add("/", cavity.astype(str)))
    split = split_in_time(names, measured_at, backward=backward)
    sign = -1.0 if backward else 1.0
    for _, seen, tested in split.folds():
        assert tested.size
        assert (sign * measured_at[seen]).max() < (sign * measured_at[tested]).min()
    tested = np.concatenate([tested for _, _, tested in split.folds()])
    assert np.unique(tested).size == tested.size == (split.fold >= 0).sum()


def test_cycles_of_one_time_are_not_split_by_time():
    names, moments = np.array(["a", "b"] * 5), np.arange(10.0)
    with pytest.raises(TrainingRefusedError, match="overlap in time"):
        split_in_time(names, moments)


def test_another_archive_is_never_learnt_from():
    is_test = np.arange(30) >= 20
    cycles = np.array([f"c{index // 5}" for index in range(30)])
    split = split_new_archive(is_test, cycles, np.arange(30.0), 0)
    assert split.scored().tolist() == is_test.tolist()
    *inner, (_, seen, tested) = split.folds()
    assert set(tested) == set(np.flatnonzero(is_test))
    assert set(seen) == set(np.flatnonzero(~is_test))
    for _, learnt, judged in inner:
        assert not set(cycles[learnt]) & set(cycles[judged])
        assert not is_test[np.concatenate([learnt, judged])].any()


def test_ids_are_unique_and_do_not_depend_on_the_order():
    cavity, cycle = np.array(["a"] * 4), np.array(["x", "y", "x", "x"])
    moments = np.array([1.0, 1.0, 1.0, 2.0])
    ids = sweep_ids(cavity, cycle, moments)
    assert ids.tolist() == ["a|x|1.000", "a|y|1.000", "a|x|1.000#1", "a|x|2.000"]
