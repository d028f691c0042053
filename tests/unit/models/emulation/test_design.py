import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.emulation.design import FIELD_DEGREE, Design, knots_for

PLACES = np.linspace(0.0, 2.4, 50)
DESIGN = Design(
    fine=knots_for(PLACES, 8), coarse=knots_for(PLACES, 4), field_scale=0.02
)


@given(st.floats(-1.0, 4.0))
def test_a_basis_adds_up_to_one_and_stays_so_outside(place):
    for block in DESIGN.blocks(np.array([place])):
        assert np.isclose(block.sum(), 1.0)
        assert (block >= 0).all() or not 0.0 <= place <= 2.4


@given(edge=st.sampled_from([0.0, 2.4]), away=st.floats(0.05, 0.5))
def test_a_curve_goes_on_straight_beyond_its_ends(edge, away):
    outward = 1.0 if edge > 0 else -1.0
    places = edge + outward * away * np.array([-1e-3, 0.0, 0.5, 1.0])
    for block in DESIGN.blocks(places):
        before, end, half, whole = block
        assert np.allclose(whole - half, half - end, atol=1e-6)
        assert np.allclose(half - end, 500.0 * (end - before), atol=0.05)


@given(
    place=st.floats(0.0, 2.4),
    field_tesla=st.floats(-0.02, 0.02),
)
def test_a_field_of_the_other_sign_turns_odd_powers(place, field_tesla):
    here, there = (
        DESIGN.rows(np.array([place]), np.array([sign * field_tesla]))[0]
        for sign in (1, -1)
    )
    curve, fields = DESIGN.slices()
    assert np.array_equal(here[curve], there[curve])
    for power, part in enumerate(fields, start=1):
        assert np.allclose(here[part], (-1) ** power * there[part])


def test_slices_fill_the_rows():
    curve, fields = DESIGN.slices()
    rows = DESIGN.rows(PLACES, 0.0 * PLACES)
    assert len(fields) == FIELD_DEGREE == DESIGN.powers - 1
    assert fields[-1].stop == rows.shape[1] == DESIGN.penalty(1.0).shape[0]
    assert curve.stop == fields[0].start


@given(st.lists(st.floats(-2, 2), min_size=10, max_size=10))
def test_the_penalty_is_never_negative(numbers):
    count = DESIGN.penalty(1.0).shape[0]
    whole = np.resize(np.array(numbers), count)
    assert whole @ DESIGN.penalty(0.1) @ whole >= 0


def test_without_axes_there_is_one_term():
    bare = Design(fine=np.zeros(0), coarse=np.zeros(0), field_scale=0.0)
    assert np.array_equal(bare.rows(np.zeros(3), np.zeros(3)), np.ones((3, 1)))


@given(
    st.lists(st.floats(-2, 3), min_size=20, max_size=60, unique=True),
    st.integers(2, 12),
)
def test_knots_rise_and_hold_all_places(places, count):
    knots = knots_for(np.array(places), count)
    assert np.all(np.diff(knots) > 0)
    assert knots[0] < min(places)
    assert knots[-1] > max(places)
