"""An axis is checked as often as it may have changed."""

import numpy as np
import pytest

from instruments.measurement import MeasurementError
from instruments.measurement.checks import check_frequency_axis


def frozen(values):
    axis = np.array(values, dtype=np.float64)
    axis.setflags(write=False)
    return axis


def test_frozen_axis_is_taken_as_it_is_again_and_again():
    axis = frozen([1e9, 2e9])
    assert all(check_frequency_axis(axis) is axis for _ in range(3))


def test_frozen_axis_that_is_none_is_refused_each_time():
    axis = frozen([2e9, 1e9])
    for _ in range(3):
        with pytest.raises(MeasurementError, match="rise strictly"):
            check_frequency_axis(axis)


def test_axis_that_can_change_is_checked_again():
    axis = np.array([1e9, 2e9])
    check_frequency_axis(axis)
    axis[1] = np.nan
    with pytest.raises(MeasurementError, match="NaN"):
        check_frequency_axis(axis)
    view = np.array([1e9, 2e9])[:]
    view.setflags(write=False)
    check_frequency_axis(view)
    view.base[0] = 3e9
    with pytest.raises(MeasurementError, match="rise strictly"):
        check_frequency_axis(view)


def test_axis_that_is_thawed_is_checked_again():
    axis = frozen([1e9, 2e9])
    check_frequency_axis(axis)
    axis.setflags(write=True)
    axis[0] = 3e9
    with pytest.raises(MeasurementError, match="rise strictly"):
        check_frequency_axis(axis)
