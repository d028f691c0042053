"""Grids, regular or not, never run backwards and never miss a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.polling.sweeping.schedule import Grid, Rhythm


def test_irregular_rhythm_repeats_after_its_period():
    grid = Grid(
        Rhythm(period_s=10.0, phase_s=1.0, offsets_s=(0.0, 2.5, 7.0)), start_s=100.0
    )
    times_s = [grid.time_s(index) for index in range(5)]
    assert times_s == [101.0, 103.5, 108.0, 111.0, 113.5]


@pytest.mark.parametrize(
    ("period_s", "offsets_s"),
    [
        (10.0, (1.0, 1.0)),
        (10.0, (3.0, 1.0)),
        (10.0, (-1.0,)),
        (10.0, ()),
        (5.0, (0.0, 5.0)),
        (0.0, (0.0,)),
    ],
)
def test_rhythm_without_a_next_time_is_refused(period_s, offsets_s):
    with pytest.raises(ValueError, match="must"):
        Rhythm(period_s=period_s, offsets_s=offsets_s)


def test_tenth_of_a_period_is_late_unless_said_otherwise():
    assert Rhythm(period_s=20.0).tolerance_s == 2.0
    assert Rhythm(period_s=0.1).tolerance_s == 0.05
    assert Rhythm(period_s=20.0, late_after_s=0.5).tolerance_s == 0.5


@given(
    period_s=st.floats(min_value=0.1, max_value=1000.0),
    phase_s=st.floats(min_value=0.0, max_value=1000.0),
    fractions=st.sets(st.floats(min_value=0.0, max_value=0.99), min_size=1, max_size=5),
    now_s=st.floats(min_value=0.0, max_value=1e6),
)
def test_index_after_is_the_first_time_that_lies_ahead(
    period_s, phase_s, fractions, now_s
):
    offsets_s = tuple(sorted({fraction * period_s for fraction in fractions}))
    if offsets_s[-1] >= period_s:
        return
    grid = Grid(
        Rhythm(period_s=period_s, phase_s=phase_s, offsets_s=offsets_s), start_s=5.0
    )
    index = grid.index_after(now_s)
    assert grid.time_s(index) > now_s
    assert index == 0 or grid.time_s(index - 1) <= now_s
