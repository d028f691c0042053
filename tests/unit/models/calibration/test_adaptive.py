import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration.adaptive import BOUNDS, TARGET, AdaptiveState, stretched
from models.diagnosis import Estimate, EstimateState


def test_coverage_is_regained_under_shift():
    rng = np.random.default_rng(6)
    state, held = AdaptiveState(), []
    for _ in range(6000):
        # Errors are twice as wide as the model believes.
        inside = abs(2.0 * rng.normal()) <= 1.645 * state.stretch
        held.append(inside)
        state = state.taught(missed=not inside)
    # The bound keeps the interval from growing for ever; 2.8 sigma is what it reaches.
    assert np.mean(held[:60]) < 0.8
    assert np.mean(held[2000:]) > np.mean(held[:60])
    assert np.mean(held[2000:]) == pytest.approx(0.83, abs=0.03)


def test_a_moderate_shift_is_made_good():
    rng = np.random.default_rng(7)
    state, held = AdaptiveState(), []
    for _ in range(6000):
        inside = abs(1.3 * rng.normal()) <= 1.645 * state.stretch
        held.append(inside)
        state = state.taught(missed=not inside)
    assert np.mean(held[1000:]) == pytest.approx(1 - TARGET, abs=0.01)


@given(st.lists(st.booleans(), max_size=400))
def test_alpha_stays_in_its_bounds_and_the_record_returns(misses):
    state = AdaptiveState()
    for missed in misses:
        state = state.taught(missed=missed)
    assert BOUNDS[0] <= state.alpha <= BOUNDS[1]
    assert (state.labelled, state.missed) == (len(misses), sum(misses))
    assert AdaptiveState.from_record(state.to_record()) == state


def test_stretching_keeps_the_median_and_the_order():
    told = Estimate(
        state=EstimateState.ESTIMATED, median=4.0, p05=2.0, p16=3.0, p84=5.0, p95=8.0
    )
    wide = stretched(told, 2.0, logarithmic=True)
    assert (wide.median, wide.p05, wide.p95) == (4.0, 1.0, 16.0)
    assert stretched(told, 1.0, logarithmic=True) is told
    even = stretched(told, 2.0, logarithmic=False)
    assert (even.p05, even.p95) == (0.0, 12.0)
    nothing = Estimate(state=EstimateState.NOT_DETERMINABLE, p95=3.0)
    assert stretched(nothing, 2.0, logarithmic=True) is nothing
