"""Decimation keeps every extreme."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.operations.decimation import min_max_indices


@given(
    st.integers(1, 3000), st.integers(1, 4), st.integers(16, 500), st.integers(0, 999)
)
def test_extremes_survive_and_the_limit_holds(count, columns, points, seed):
    rng = np.random.default_rng(seed)
    curves = [rng.standard_normal(count) for _ in range(columns)]
    chosen = min_max_indices(curves, points)
    assert chosen.size <= max(points, min(count, 2 + 2 * columns))
    assert (np.diff(chosen) > 0).all()
    assert chosen[0] == 0
    assert chosen[-1] == count - 1
    for curve in curves:
        assert curve[chosen].min() == curve.min()
        assert curve[chosen].max() == curve.max()


def test_a_narrow_notch_is_never_lost():
    level_db = np.zeros(20_001)
    level_db[7_777] = -40.0
    assert 7_777 in min_max_indices([level_db], 100)


def test_nothing_is_chosen_from_nothing():
    assert min_max_indices([np.array([])], 100).size == 0


def test_missing_values_do_not_hide_an_extreme():
    values = np.full(1000, np.nan)
    values[500] = 3.0
    assert 500 in min_max_indices([values], 50)
