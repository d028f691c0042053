"""Laws of judgement that hold for any network and any data."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.calibration import calibrate_intervals, calibrate_novelty
from models.calibration.scaling import softmax, upper_quantile
from models.networks.density import BIN_COUNT, Coordinate, DensityGrid
from models.preprocessing.grid import bin_axis, binned_log_ratio

GRID = DensityGrid(coordinate=Coordinate.ASINH, low=-4.0, high=4.0, scale=1e-3)


@settings(deadline=None, max_examples=25)
@given(
    error=st.floats(0.05, 1.0),
    claimed=st.floats(0.05, 1.0),
    skew=st.floats(-1.0, 1.0),
    seed=st.integers(0, 1000),
)
def test_calibrated_intervals_cover(error, claimed, skew, seed):
    rng = np.random.default_rng(seed)
    centres = 0.5 * (GRID.edges[1:] + GRID.edges[:-1])

    def draw(count):
        truth = rng.uniform(-2, 2, count)
        guess = truth + error * (
            rng.normal(size=count) + skew * rng.exponential(size=count)
        )
        return truth, -0.5 * ((centres - guess[:, None]) / claimed) ** 2

    truth, logits = draw(1200)
    nobody = np.zeros(1200, dtype=bool)
    calibration = calibrate_intervals(logits, truth, GRID, nobody)
    truth, logits = draw(1200)
    quantiles = calibration.quantiles(logits[None], GRID, nobody)
    inside = np.mean((truth >= quantiles[:, 0]) & (truth <= quantiles[:, 4]))
    assert inside > 0.84
    assert (np.diff(quantiles, axis=1) >= 0).all()


@given(
    scores=hnp.arrays(np.float64, st.integers(1, 200), elements=st.floats(0, 100)),
    coverage=st.floats(0.5, 0.99),
)
def test_conformal_quantile_covers_its_own_share(scores, coverage):
    limit = upper_quantile(scores, coverage)
    share = np.mean(scores <= limit)
    assert share >= min(coverage, 1.0) - 1e-9 or limit == scores.max()


@given(
    logits=hnp.arrays(np.float64, (4, 7), elements=st.floats(-50, 50)),
    temperature=st.floats(0.2, 10),
)
def test_probabilities_sum_to_one_and_keep_their_order(logits, temperature):
    probabilities = softmax(logits, temperature)
    assert np.allclose(probabilities.sum(axis=1), 1.0)
    assert np.isfinite(probabilities).all()
    best = probabilities[np.arange(4), logits.argmax(axis=1)]
    assert np.allclose(best, probabilities.max(axis=1))


@settings(deadline=None)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(5, 60), st.just(3)),
        elements=st.floats(1e-6, 1e6),
    )
)
def test_p_values_never_rise_with_the_score(scores):
    calibration = calibrate_novelty(scores)
    rising = np.tile(np.geomspace(1e-7, 1e8, 300)[:, None], (1, 3))
    p_values = calibration.p_values(rising)
    assert (np.diff(p_values, axis=0) <= 1e-9).all()
    assert ((p_values > 0) & (p_values <= 1)).all()


@settings(deadline=None)
@given(
    gain=st.floats(1e-3, 1e3),
    turn_rad=st.floats(-3, 3),
    points=st.integers(260, 2000),
)
def test_log_ratio_is_additive(gain, turn_rad, points):
    band_hz = (4e9, 8e9)
    frequency_hz = np.linspace(*band_hz, points)
    binning = bin_axis(frequency_hz, band_hz)
    reference = np.exp(-2j * np.pi * 20e-9 * frequency_hz)[None]
    first = reference * (1 + 0.2 * np.cos(frequency_hz / 3e8))
    both = first * gain * np.exp(1j * turn_rad)
    alone = binned_log_ratio(binning, first, reference)
    together = binned_log_ratio(binning, both, reference)
    assert np.allclose(together[0] - alone[0], np.log(gain), atol=1e-6)
    shift = (together[1] - alone[1] - turn_rad) / (2 * np.pi)
    assert np.allclose(shift, np.round(shift), atol=1e-6)
    assert GRID.edges.size - 1 == BIN_COUNT
