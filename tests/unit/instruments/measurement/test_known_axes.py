"""The same bytes are the same axis, and no others are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.measurement import MeasurementError
from instruments.measurement.known_axes import LONGEST_BYTES, MOST_AXES, KnownAxes


@given(st.lists(st.lists(st.integers(0, 3), max_size=6), max_size=150))
def test_an_axis_holds_what_its_bytes_say(values):
    known = KnownAxes()
    for one in values:
        # Few different ends, so that many axes look alike from outside.
        data = np.array(one, "<f8").tobytes()
        axis = known.find(data)
        assert axis.tobytes() == data
        assert not axis.flags.writeable
        assert known.find(bytes(bytearray(data))) is axis or not data


def test_memory_is_bounded():
    known = KnownAxes()
    first = known.find(np.array([0.0, 1.0]).tobytes())
    for at in range(MOST_AXES):
        known.find(np.array([1.0, 2.0 + at]).tobytes())
    assert known.find(np.array([0.0, 1.0]).tobytes()) is not first
    long = bytes(LONGEST_BYTES + 8)
    assert known.find(long) is not known.find(long)


def test_half_a_number_is_refused():
    with pytest.raises(MeasurementError, match="no multiple of 8"):
        KnownAxes().find(bytes(12))
