"""Polynomials of the field, and where they are least."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.emulation.field import FieldSearch, derived, evaluate

SCALE_TESLA = 0.02
SEARCH = FieldSearch.over((-0.02, 0.02), SCALE_TESLA, 6)

coefficients = st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=7)


@given(given=coefficients, at=st.floats(-1.0, 1.0))
def test_values_and_derivatives_are_those_of_the_polynomial(given, at):
    polynomial = np.polynomial.Polynomial(given)
    column = np.array(given)[:, None]
    assert evaluate(column, np.array([at]))[0] == pytest.approx(polynomial(at))
    slope = evaluate(derived(column), np.array([at]))[0]
    assert slope == pytest.approx(polynomial.deriv()(at))


@given(
    base=st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3),
    powers=st.lists(st.floats(-2.0, 2.0), min_size=9, max_size=9),
)
def test_the_field_of_least_square_is_found(base, powers):
    """As good as the best of a thousand fields, all places at once."""
    lengths = [np.polynomial.Polynomial([b, *powers[i::3]]) for i, b in enumerate(base)]
    square = sum(each**2 for each in lengths) + np.polynomial.Polynomial([0, 0, 0.01])
    column = np.zeros((7, 1, 2))
    column[: square.coef.size, 0, :] = square.coef[:, None]
    found = SEARCH.least(column)
    tried = np.linspace(SEARCH.low, SEARCH.high, 1001)
    inside = np.abs(tried) <= 1.0
    assert found.shape == (1, 2)
    assert found[0, 0] == found[0, 1]
    assert SEARCH.low <= found[0, 0] <= SEARCH.high
    best = square(tried[inside]).min()
    assert square(found[0, 0]) <= best + 0.02 * (1.0 + abs(best))


def test_a_parabola_is_read_to_the_last_digits():
    middle = np.array([[0.3, -0.4, 0.9]])
    column = np.stack([middle**2, -2 * middle, np.ones_like(middle)])
    search = FieldSearch.over((-0.02, 0.02), SCALE_TESLA, 2)
    assert search.least(column) == pytest.approx(middle, abs=1e-12)
