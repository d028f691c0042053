"""Truth flags: sorted, once each, known by name, and no part of the measurement."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.measurement import MeasurementError, Sweep, TruthFlag
from instruments.measurement.flags import check_flags


@given(flags=st.lists(st.sampled_from(TruthFlag)))
def test_flags_are_sorted_and_once_each(flags: list[TruthFlag]) -> None:
    checked = check_flags(flags)
    assert set(checked) == set(flags)
    assert list(checked) == sorted(set(flags))
    assert check_flags([flag.value for flag in flags]) == checked


def test_a_flag_that_nobody_knows_is_one_sentence() -> None:
    with pytest.raises(MeasurementError, match="flags: 'hot' is no truth flag; known"):
        check_flags(["hot"])


@given(flags=st.sets(st.sampled_from(TruthFlag), min_size=1))
def test_flags_leave_the_content_hash_alone(
    sweep: Sweep, flags: set[TruthFlag]
) -> None:
    flagged = replace(sweep, flags=tuple(flags))
    assert flagged.content_hash() == sweep.content_hash()
    assert flagged != sweep
