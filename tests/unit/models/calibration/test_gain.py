import numpy as np
import pytest

from models.calibration.gain import is_sure_gain

CYCLES = np.repeat(["a", "b", "c", "d"], 5)


def test_a_gain_of_every_cycle_is_sure():
    rng = np.random.default_rng(2)
    assert is_sure_gain(1.0 + 0.5 * rng.normal(size=20), CYCLES)


def test_a_gain_of_one_cycle_alone_is_luck():
    assert not is_sure_gain(np.where(CYCLES == "a", 10.0, -0.1), CYCLES)


def test_a_loss_is_no_gain():
    assert not is_sure_gain(-np.ones(20), CYCLES)


@pytest.mark.parametrize("count", [1, 2])
def test_of_fewer_than_three_cycles_nothing_is_sure(count):
    few = np.isin(CYCLES, np.unique(CYCLES)[:count])
    assert not is_sure_gain(np.ones(few.sum()), CYCLES[few])


def test_a_cycle_of_many_sweeps_counts_as_one():
    cycle = np.array(["a"] * 97 + ["b", "c", "d"])
    assert not is_sure_gain(np.where(cycle == "a", 1.0, -0.5), cycle)
