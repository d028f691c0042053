import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.receiver.features import pressed

NUMBERS = hnp.arrays(np.float64, 20, elements=st.floats(-1e12, 1e12))


@given(NUMBERS)
def test_pressing_keeps_sign_and_order(values):
    found = pressed(values)
    assert np.array_equal(pressed(-values), -found)
    assert np.all(np.diff(found[np.argsort(values, kind="stable")]) >= 0)
    assert np.all(np.abs(found) <= np.minimum(np.abs(values), 30))
