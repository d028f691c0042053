import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.coordinates.signal import centred
from models.coordinates.smooth import ORDER, detrended, smooth_names, smooth_part

COUNT = 256
TURNS = 3.0
PLACE = centred(COUNT) / (0.5 * (COUNT - 1))
REFERENCE = (0.3 + 0.1 * PLACE) * np.exp(1j * np.sin(20 * PLACE))[None]


@st.composite
def masks(draw):
    kept = np.ones(COUNT, dtype=bool)
    for start in draw(st.lists(st.integers(5, COUNT - 20), max_size=4)):
        kept[start : start + 6] = False
    return kept


@given(
    level=st.floats(-3, 3),
    delay=st.floats(-25, 25),
    offset=st.floats(-3, 3),
    kept=masks(),
)
def test_gain_phase_and_delay_move_nothing_else(level, delay, offset, kept):
    phase_rad = delay * TURNS + offset
    own = REFERENCE * np.exp(level + 1j * (phase_rad + delay * PLACE))
    part = smooth_part(own, REFERENCE, kept, TURNS)
    assert np.allclose(part.values[0, :3], [level, phase_rad, delay], atol=1e-7)
    assert np.allclose(part.values[0, 3:], 0.0, atol=1e-7)
    assert np.allclose(part.rest, 0.0, atol=1e-7)


@given(
    order=st.integers(1, ORDER),
    size=st.floats(-0.5, 0.5),
    angle=st.sampled_from([1.0, 1j]),
    kept=masks(),
)
def test_each_legendre_order_is_a_coordinate(order, size, angle, kept):
    shape = np.polynomial.legendre.Legendre.basis(order)(PLACE)
    own = REFERENCE * np.exp(angle * size * shape)
    values = smooth_part(own, REFERENCE, kept, TURNS).values[0]
    name = f"{'level' if angle == 1.0 else 'phase'}_{order}"
    name = "delay" if name == "phase_1" else name
    expected = np.zeros(len(smooth_names()))
    expected[smooth_names().index(name)] = size
    # The phase at the middle goes with the delay by whole turns only.
    assert np.allclose(values, expected, atol=1e-7)


@given(
    st.lists(st.floats(-2, 2), min_size=8, max_size=8),
    st.integers(0, 3),
)
def test_a_trend_leaves_nothing(coefficients, order):
    parts = np.array(coefficients).reshape(2, 4)[:, : order + 1]
    whole = np.polynomial.legendre.legval(PLACE, (parts[0] + 1j * parts[1]))
    assert np.allclose(detrended(whole[None], order), 0.0, atol=1e-9)
