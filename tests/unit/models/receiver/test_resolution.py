"""An interval does not end among temperatures that look alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.networks.density import LEVELS
from models.receiver.intervals import FAULTY_GROUP, OPEN_GROUP, Stretch, fit_stretch
from models.receiver.resolution import (
    LEAST_HELD,
    MOST_SPANS,
    NO_SPANS,
    drawn_out,
    learn_spans,
)

PLACES = np.log10([0.025, 0.1, 1.0, 3.0, 295.0])
FROZEN = np.log10(0.2)


def read_below(frozen, truth, cycle, seed=0, scatter=0.05):
    """Return readings that stand still below a place, each cycle off by its own."""
    rng = np.random.default_rng(seed)
    _, index = np.unique(cycle, return_inverse=True)
    off = scatter * rng.normal(size=index.max() + 1)[index]
    return np.maximum(truth, frozen) + off + 0.02 * rng.normal(size=truth.size)


def cycles(count, each):
    return np.repeat([f"cycle-{index}" for index in range(count)], each)


@pytest.mark.parametrize("seed", range(5))
def test_labels_below_what_moves_are_one_span(seed):
    truth, cycle = np.tile(np.repeat(PLACES, 2), 6), cycles(6, 10)
    reading = read_below(FROZEN, truth, cycle, seed)
    ((low, high),) = learn_spans(reading, truth, cycle)
    assert PLACES[0] - 0.02 < low < PLACES[0]
    assert PLACES[1] < high < PLACES[1] + 0.02


@pytest.mark.parametrize("seed", range(5))
def test_what_is_told_apart_has_no_span(seed):
    rng = np.random.default_rng(seed)
    truth, cycle = rng.uniform(-1.5, 2.4, 400), cycles(10, 40)
    reading = read_below(-2.0, truth, cycle, seed, scatter=0.1)
    assert learn_spans(reading, truth, cycle).shape == NO_SPANS.shape


def test_many_temperatures_below_what_moves_are_spanned_up_to_there():
    rng = np.random.default_rng(3)
    truth, cycle = rng.uniform(-1.5, 2.4, 800), cycles(10, 80)
    spans = learn_spans(read_below(0.0, truth, cycle), truth, cycle)
    assert 0 < len(spans) <= MOST_SPANS
    assert spans[0, 0] < -1.45
    assert -0.4 < spans.max() < 0.4


def test_two_cycles_tell_of_nothing_alike():
    truth, cycle = np.tile(PLACES, 2), cycles(2, 5)
    assert learn_spans(np.zeros(10), truth, cycle).size == 0


rising = st.lists(st.floats(-3, 3), min_size=5, max_size=5).map(sorted)
places = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), max_size=3)


@given(rising, places)
def test_quantiles_are_drawn_outwards_and_none_is_left_inside(row, starts):
    # Spans that do not touch; of others each is drawn out, and the farthest end holds.
    ends, edge = [], -9.0
    for low, width in sorted(starts):
        if low > edge:
            ends.append((low, low + width))
            edge = low + width
    spans, before = np.array(ends).reshape(-1, 2), np.array([row])
    after = drawn_out(before, spans)
    assert after[0, 2] == before[0, 2]
    assert (after[0, :2] <= before[0, :2]).all()
    assert (after[0, 3:] >= before[0, 3:]).all()
    assert (np.diff(after) >= 0).all()
    for low, high in spans:
        held = min(row[-1], high) - max(row[0], low)
        inside = (low < after[0]) & (after[0] < high)
        inside[2] = False
        assert inside.any() <= (held < LEAST_HELD * (high - low))


def test_an_interval_that_just_reaches_into_a_span_stays():
    spans = np.array([[-2.0, 1.0]])
    warm = np.array([[0.9, 1.2, 1.5, 1.8, 2.0]])
    assert np.array_equal(drawn_out(warm, spans), warm)
    assert drawn_out(warm - 1.5, spans)[0].tolist() == [-2.0, -2.0, 0.0, 1.0, 1.0]


def test_the_stretch_learns_spans_of_temperature_alone_and_leaves_bounds():
    truth, cycle = np.tile(np.repeat(PLACES, 4), 8), cycles(8, 20)
    raw = read_below(FROZEN, truth, cycle)[:, None] + 0.1 * (np.array(LEVELS) - 0.5)
    group = np.zeros(truth.size, dtype=np.intp)
    place = fit_stretch(raw, truth, group, cycle, is_place=True)
    assert place.spans.shape == (1, 2)
    assert fit_stretch(raw, truth, group, cycle).spans.size == 0
    faulty = np.full_like(group, FAULTY_GROUP)
    assert fit_stretch(raw, truth, faulty, cycle, is_place=True).spans.size == 0
    cold = np.array([[-1.4, -1.35, -1.2, -1.15, -1.1]])
    even = Stretch(factors=np.ones_like(place.factors), spans=place.spans)
    closed = even.applied(cold, np.array([0]))
    assert closed[0, 0] == place.spans[0, 0]
    assert closed[0, -1] == place.spans[0, 1]
    assert np.allclose(even.applied(cold, np.array([OPEN_GROUP])), cold)
