import numpy as np
import pytest

from models.calibration import (
    CycledSweeps,
    calibrate_classes,
    calibrate_intervals,
    calibrate_novelty,
)
from models.calibration.intervals import FAULTY_GROUP
from models.calibration.novelty import FLAG_BELOW
from models.calibration.scaling import fit_temperature, softmax, upper_quantile
from models.networks.density import Coordinate, DensityGrid

GRID = DensityGrid(coordinate=Coordinate.LOG10, low=0.0, high=3.0)


def _overconfident(rng, count, error, claimed):
    """Logits of densities whose claimed width is not their true error."""
    truth = rng.uniform(0.5, 2.5, count)
    guess = truth + error * rng.normal(size=count)
    centres = 0.5 * (GRID.edges[1:] + GRID.edges[:-1])
    return truth, -0.5 * ((centres - guess[:, None]) / claimed) ** 2


@pytest.mark.parametrize("claimed", [0.03, 0.1, 0.3])
def test_intervals_cover_whatever_the_network_claims(claimed):
    rng = np.random.default_rng(1)
    truth, logits = _overconfident(rng, 1500, 0.1, claimed)
    faulty = rng.random(3000) < 0.3
    calibration = calibrate_intervals(logits, truth, GRID, faulty[:1500])
    truth, logits = _overconfident(rng, 3000, 0.1, claimed)
    quantiles = calibration.quantiles(logits[None], GRID, faulty)
    inside = (truth >= quantiles[:, 0]) & (truth <= quantiles[:, 4])
    assert 0.87 < inside.mean() < 0.95
    inner = (truth >= quantiles[:, 1]) & (truth <= quantiles[:, 3])
    assert 0.64 < inner.mean() < 0.75
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_faulty_sweeps_get_wider_intervals_where_they_err_more():
    rng = np.random.default_rng(2)
    good = _overconfident(rng, 800, 0.05, 0.1)
    bad = _overconfident(rng, 800, 0.3, 0.1)
    truth, logits = (np.concatenate(pair) for pair in zip(good, bad, strict=True))
    faulty = np.arange(1600) >= 800
    calibration = calibrate_intervals(logits, truth, GRID, faulty)
    width = np.diff(calibration.offsets[:, [0, 4]], axis=1)[:, 0]
    assert width[FAULTY_GROUP] > width[:FAULTY_GROUP].max() + 0.2


def test_few_sweeps_fall_back_to_the_pool():
    rng = np.random.default_rng(3)
    truth, logits = _overconfident(rng, 12, 0.1, 0.1)
    calibration = calibrate_intervals(logits, truth, GRID, np.zeros(12, dtype=bool))
    assert np.isfinite(calibration.offsets).all()
    assert (calibration.offsets == calibration.offsets[0]).all()


def test_class_sets_cover():
    rng = np.random.default_rng(4)

    def draw(count):
        truth = rng.integers(4, size=count)
        logits = rng.normal(size=(count, 4))
        logits[np.arange(count), truth] += 1.5
        return truth, 5.0 * logits

    truth, logits = draw(1500)
    calibration = calibrate_classes(logits, truth)
    assert calibration.softmax_temperature > 2.0
    truth, logits = draw(3000)
    probabilities = calibration.probabilities(logits[None])
    covered = probabilities[np.arange(truth.size), truth] >= calibration.set_threshold
    assert 0.87 < covered.mean() < 0.93
    assert 0.0 < calibration.unknown_threshold <= 0.6


def test_temperature_scaling_finds_the_truth():
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(4000, 3))
    truth = np.array([rng.choice(3, p=row) for row in softmax(logits)])
    found = fit_temperature(7.0 * logits, np.eye(3)[truth])
    assert found == pytest.approx(7.0, rel=0.15)


@pytest.mark.parametrize("count", [0, 1, 9, 19, 1000])
def test_upper_quantile_is_the_conformal_rank(count):
    scores = np.random.default_rng(6).permutation(count).astype(float)
    expected = min(int(np.ceil((count + 1) * 0.9)), count) - 1
    assert upper_quantile(scores, 0.9) == max(expected, 0)


def test_p_values_are_uniform_on_known_and_small_on_strange():
    rng = np.random.default_rng(7)
    known = rng.gamma(3.0, size=(1000, 3))
    calibration = calibrate_novelty(known)
    again = calibration.p_values(rng.gamma(3.0, size=(4000, 3)))
    for level in (0.05, 0.2, 0.5, 0.9):
        assert np.allclose((again < level).mean(axis=0), level, atol=0.035)
    strange = calibration.combined(np.array([[50.0, 1.0, 1.0], [1.0, 1.0, 500.0]]))
    assert (strange < FLAG_BELOW).all()


def test_p_values_fall_as_scores_rise_also_beyond_all_known():
    rng = np.random.default_rng(8)
    calibration = calibrate_novelty(rng.gamma(3.0, size=(60, 3)))
    rising = np.tile(np.linspace(0, 200, 400)[:, None], (1, 3))
    p_values = calibration.p_values(rising)
    assert (np.diff(p_values, axis=0) <= 1e-12).all()
    assert (p_values > 0).all()
    assert (p_values <= 1).all()
    assert p_values[-1].max() < 1e-3


def test_one_score_more_counts_only_where_it_says_something():
    rng = np.random.default_rng(9)
    calibration = calibrate_novelty(rng.gamma(3.0, size=(300, 3)))
    scores = rng.gamma(3.0, size=(500, 3))
    alone = calibration.combined(scores)
    assert np.array_equal(calibration.combined(scores, np.full(500, np.nan)), alone)
    calm = calibration.combined(scores, np.ones(500))
    assert calm == pytest.approx(np.minimum(1.0, alone * 4 / 3))
    further = rng.random(500)
    both = calibration.combined(scores, further)
    assert both == pytest.approx(np.minimum(calm, 4 * further))
    # A p-value that is uniform leaves the combined one honest.
    assert np.mean(both < 0.1) < 0.14


def cycles_of(rng, count, each=40, shared=0.8, own=0.5):
    """Scores of sweeps whose cycles differ, and whose they are."""
    level = np.repeat(shared * rng.normal(size=count), each)
    scores = np.exp(level + own * rng.normal(size=level.size))
    return scores[:, None], np.repeat(np.arange(count), each).astype(str)


def strange_cycles(calibration, scores, cycle):
    """Share of cycles of which every other sweep is flagged."""
    flags = calibration.combined(scores) < FLAG_BELOW
    return np.mean([flags[cycle == each].mean() > 0.5 for each in np.unique(cycle)])


def test_a_healthy_cycle_is_hardly_ever_strange_as_a_whole():
    rng = np.random.default_rng(10)
    found, pooled, flagged = [], [], []
    for _ in range(20):
        scores, cycle = cycles_of(rng, 14)
        by_cycle = calibrate_novelty(scores, ("one",), CycledSweeps.healthy(cycle))
        alike = calibrate_novelty(scores, ("one",))
        scores, cycle = cycles_of(rng, 100)
        found.append(strange_cycles(by_cycle, scores, cycle))
        pooled.append(strange_cycles(alike, scores, cycle))
        flagged.append(np.mean(by_cycle.combined(scores) < FLAG_BELOW))
        assert (by_cycle.combined(300 * scores) < FLAG_BELOW).mean() > 0.9
    assert np.mean(found) < 0.005
    assert np.mean(pooled) > 4 * np.mean(found)
    assert np.mean(flagged) < 2 * FLAG_BELOW


def test_cycles_that_do_not_differ_are_calibrated_as_sweeps():
    rng = np.random.default_rng(11)
    scores, cycle = cycles_of(rng, 40, each=60, shared=0.0)
    alike = calibrate_novelty(scores, ("one",))
    by_cycle = calibrate_novelty(scores, ("one",), CycledSweeps.healthy(cycle))
    new = cycles_of(rng, 20, shared=0.0)[0]
    assert np.allclose(alike.p_values(new), by_cycle.p_values(new), atol=0.03)


def test_faults_of_a_cycle_do_not_tell_its_level():
    rng = np.random.default_rng(12)
    scores, cycle = cycles_of(rng, 20, shared=0.1)
    usual = rng.random(scores.shape[0]) < 0.4
    # Half of the cycles hold faults only beside what is usual, the others none.
    faulty = ~usual & (cycle.astype(int) % 2 == 0)
    scores[faulty] *= 50.0
    whole = CycledSweeps(cycle, np.ones_like(usual))
    p_values = [
        calibrate_novelty(scores, ("one",), sweeps).p_values(np.array([[1e4]]))[0, 0]
        for sweeps in (CycledSweeps(cycle, ~faulty), whole)
    ]
    assert p_values[0] < p_values[1]


def test_a_cycle_without_usual_sweeps_tells_no_level_but_counts():
    rng = np.random.default_rng(13)
    scores, cycle = cycles_of(rng, 10)
    usual = cycle != "3"
    found = calibrate_novelty(scores, ("one",), CycledSweeps(cycle, usual))
    assert found.sweep_count == scores.shape[0]
    assert np.isfinite(found.quantiles).all()
    none = CycledSweeps(cycle, np.zeros_like(usual))
    alike = calibrate_novelty(scores, ("one",))
    assert np.array_equal(
        calibrate_novelty(scores, ("one",), none).quantiles, alike.quantiles
    )
