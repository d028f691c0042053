from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.baselines.minirocket import KERNEL_COUNT, MiniRocket

AEON = Path(__file__).parents[3] / "data" / "minirocket" / "aeon.npz"


def series(sweeps=5, channels=2, points=64, seed=0):
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(sweeps, channels, points))
    return steps.cumsum(axis=2).astype(np.float32)


@pytest.fixture(params=["one", "three", "many"])
def aeon(request):
    with np.load(AEON, allow_pickle=False) as stored:
        prefix = f"{request.param}."
        return {
            name.removeprefix(prefix): stored[name]
            for name in stored.files
            if name.startswith(prefix)
        }


def with_aeons_channels(aeon):
    """Return our transform of aeon's channels and thresholds."""
    dilations, channels = aeon["dilations"].size, aeon["series"].shape[1]
    heard = np.zeros((dilations * KERNEL_COUNT, channels), dtype=bool)
    owner = np.repeat(np.arange(aeon["sizes"].size), aeon["sizes"])
    heard[owner, aeon["heard"]] = True
    return MiniRocket(
        dilations=aeon["dilations"].astype(np.intp),
        thresholds_per_kernel=aeon["counts"].astype(np.intp),
        channels=heard.reshape(dilations, KERNEL_COUNT, channels),
        thresholds=aeon["thresholds"],
    )


def test_dilations_are_those_of_aeon(aeon):
    ours = MiniRocket.fit(aeon["series"], feature_count=aeon["thresholds"].size)
    assert ours.dilations.tolist() == aeon["dilations"].tolist()
    assert ours.thresholds_per_kernel.tolist() == aeon["counts"].tolist()


def test_shares_are_those_of_aeon(aeon):
    found = with_aeons_channels(aeon).features(aeon["series"])
    # A threshold is a sample of the first series where no two are interpolated; there
    # rounding decides, and the share may differ by that sample.
    difference = np.abs(found - aeon["features"])
    shortest = aeon["series"].shape[2] - 8 * aeon["dilations"].max()
    assert difference[1:].max() < 1e-6
    assert difference[0].max() < 1.0 / max(shortest, 1) + 1e-6
    assert np.mean(difference[0] > 1e-6) < 0.05


def test_thresholds_are_those_of_aeon(aeon):
    rocket = with_aeons_channels(aeon)
    expected = rocket.thresholds.copy()
    rocket.thresholds[:] = 0.0
    rocket._fit_thresholds(aeon["series"][:1], np.random.default_rng(0))
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(rocket.thresholds, expected, atol=3e-6 * scale)


@settings(deadline=None, max_examples=20)
@given(
    sweeps=st.integers(1, 4),
    channels=st.integers(1, 12),
    points=st.integers(9, 70),
    features=st.integers(1, 600),
)
def test_shares_of_any_shape_are_shares(sweeps, channels, points, features):
    values = series(sweeps, channels, points)
    rocket = MiniRocket.fit(values, feature_count=features)
    found = rocket.features(values)
    assert found.shape == (sweeps, KERNEL_COUNT * max(features // KERNEL_COUNT, 1))
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert rocket.channels.any(axis=2).all()


def test_alone_or_in_a_batch_is_the_same():
    values = series(40, 3, 50)
    rocket = MiniRocket.fit(values[:20], feature_count=420, seed=2)
    whole = rocket.features(values)
    alone = np.concatenate([rocket.features(values[i : i + 1]) for i in range(40)])
    assert np.mean(whole != alone) < 1e-3
    assert np.abs(whole - alone).max() <= 1.0 / 10


def test_the_seed_decides_and_saved_equals_loaded():
    values = series()
    rocket = MiniRocket.fit(values, feature_count=168, seed=1)
    again = MiniRocket.from_arrays(rocket.to_arrays())
    assert np.array_equal(again.features(values), rocket.features(values))
    same = MiniRocket.fit(values, feature_count=168, seed=1)
    assert np.array_equal(same.thresholds, rocket.thresholds)
    other = MiniRocket.fit(values, feature_count=168, seed=2)
    assert not np.array_equal(other.thresholds, rocket.thresholds)


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match="one sweep of 9 points"):
        MiniRocket.fit(series(points=8))
    broken = MiniRocket.fit(series(), feature_count=84).to_arrays()
    broken["thresholds"] = broken["thresholds"][:-1]
    with pytest.raises(ValueError, match="do not fit each other"):
        MiniRocket.from_arrays(broken)
