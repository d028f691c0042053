import numpy as np
import pytest

from models.fitting.faults import find_fault, outliers, sound_points, too_many


def _smooth(points=201):
    rng = np.random.default_rng(1)
    noise = 1e-3 * rng.normal(size=(2, points))
    return np.exp(1j * np.linspace(0, 3, points)) + noise[0] + 1j * noise[1]


def test_good_trace_is_all_sound():
    assert sound_points(_smooth()).all()
    assert find_fault(_smooth()) is None
    assert not outliers(_smooth() - np.exp(1j * np.linspace(0, 3, 201))).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, complex(1, np.nan), 1e21, 0.0, 3.0])
def test_corrupt_points_are_told_one_by_one(value):
    trace = _smooth()
    trace[[20, 90, 150]] = value
    assert np.flatnonzero(~sound_points(trace)).tolist() == [20, 90, 150]


def test_low_spike_beside_a_high_one_is_found():
    trace = _smooth()
    trace[60] += 500.0
    trace[64] += 1.0
    assert np.flatnonzero(~sound_points(trace)).tolist() == [60, 64]


def test_a_twentieth_may_be_left_out():
    sound = np.ones(200, dtype=bool)
    sound[:10] = False
    assert too_many(sound) is None
    sound[10] = False
    assert too_many(sound) == ("11 of 200 points are corrupt (NaN, absurd or glitches)")


def test_short_runs_stand_out_and_long_ones_are_a_shape():
    rng = np.random.default_rng(2)
    residual = rng.normal(size=300) + 1j * rng.normal(size=300)
    short, long = residual.copy(), residual.copy()
    short[100:103] += 40
    long[100:130] += 40
    assert np.flatnonzero(outliers(short)).tolist() == [100, 101, 102]
    assert not outliers(long).any()
