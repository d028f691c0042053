"""Conversions come back to where they started."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.measurement.units import (
    db_to_magnitude,
    dbm_to_w,
    has_unit_suffix,
    magnitude_to_db,
    w_to_dbm,
)


@given(power_dbm=st.floats(-200.0, 60.0))
def test_power_levels_round_trip(power_dbm: float) -> None:
    assert w_to_dbm(dbm_to_w(power_dbm)) == pytest.approx(power_dbm, abs=1e-9)


@given(level_db=st.floats(-250.0, 60.0))
def test_magnitudes_round_trip(level_db: float) -> None:
    there = magnitude_to_db(db_to_magnitude([level_db]))
    assert there[0] == pytest.approx(level_db, abs=1e-9)


def test_one_milliwatt_is_zero_dbm() -> None:
    assert dbm_to_w(0.0) == pytest.approx(1e-3)
    with pytest.raises(ValueError, match="above 0"):
        w_to_dbm(0.0)


def test_nothing_is_drawn_at_the_floor_and_not_at_minus_infinity() -> None:
    assert magnitude_to_db(np.array([0.0]))[0] == -300.0


def test_a_unit_is_the_last_word_of_a_name() -> None:
    assert has_unit_suffix("stray_field_tesla")
    assert not has_unit_suffix("temperature")
