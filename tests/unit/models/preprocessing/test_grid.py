import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.preprocessing.grid import (
    BIN_COUNT,
    bin_axis,
    binned_level,
    binned_log_ratio,
    onto_axis,
)
from models.preprocessing.mask import ModeMask

BAND_HZ = (4e9, 8e9)


def smooth(frequency_hz):
    x = (frequency_hz - 6e9) / 2e9
    return (0.5 + 0.2 * x) * np.exp(-2j * np.pi * 30e-9 * frequency_hz + 1j * x**2)


@given(
    points=st.sampled_from([300, 401, 801, 1601, 10_001]),
    delay_s=st.floats(-4e-10, 4e-10),
    gain=st.floats(0.01, 10),
)
def test_ratio_tells_gain_and_delay(points, delay_s, gain):
    frequency_hz = np.linspace(*BAND_HZ, points)
    binning = bin_axis(frequency_hz, BAND_HZ)
    reference = smooth(frequency_hz)[None]
    changed = gain * reference * np.exp(-2j * np.pi * delay_s * frequency_hz)
    magnitude, phase_rad = binned_log_ratio(binning, changed, reference)
    assert np.allclose(magnitude, np.log(gain), atol=1e-2)
    expected = -2 * np.pi * delay_s * binning.centre_hz
    assert np.allclose(phase_rad[0], expected, atol=0.03)


@pytest.mark.parametrize("points", [401, 1601, 10_001])
def test_any_axis_gives_the_same_bins(points):
    coarse, fine = np.linspace(*BAND_HZ, points), np.linspace(*BAND_HZ, 20_001)
    levels, ratios = [], []
    for axis in (coarse, fine):
        binning = bin_axis(axis, BAND_HZ)
        trace = smooth(axis) * (1 + 0.1 * np.sin(axis / 2e8))
        levels.append(binned_level(binning, trace[None])[0])
        ratios.append(
            np.concatenate(binned_log_ratio(binning, trace[None], smooth(axis)[None]))
        )
    assert np.abs(levels[0] - levels[1]).max() < 0.01
    assert np.abs(ratios[0] - ratios[1]).max() < 0.01


def test_empty_bins_are_bridged():
    frequency_hz = np.linspace(*BAND_HZ, 180)
    binning = bin_axis(frequency_hz, BAND_HZ)
    assert not binning.filled.all()
    level = binned_level(binning, smooth(frequency_hz)[None])
    assert np.isfinite(level).all()
    assert np.abs(np.diff(level)).max() < 0.05


@pytest.mark.parametrize(
    ("start", "stop", "points"),
    [(4.1e9, 8e9, 801), (4e9, 7.9e9, 801), (4e9, 8e9, 60), (1e9, 2e9, 801)],
)
def test_axis_that_does_not_cover_the_band_is_refused(start, stop, points):
    assert bin_axis(np.linspace(start, stop, points), BAND_HZ) is None


def test_wider_axis_is_cut_to_the_band():
    wide = np.linspace(2e9, 12e9, 4001)
    binning = bin_axis(wide, BAND_HZ)
    level = binned_level(binning, smooth(wide)[None])
    exact = np.linspace(*BAND_HZ, 1601)
    expected = binned_level(bin_axis(exact, BAND_HZ), smooth(exact)[None])
    assert np.abs(level - expected).max() < 0.01


def test_reference_on_another_axis_is_brought_over():
    here, there = np.linspace(4e9, 8e9, 801), np.linspace(4e9, 8e9, 1203)
    moved = onto_axis(here, there, smooth(there)[None])
    assert np.abs(moved[0] - smooth(here)).max() < 1e-3
    assert onto_axis(here, here + 3e9, smooth(here)[None]) is None


def test_mode_is_masked_and_the_rest_is_kept():
    rng = np.random.default_rng(2)
    frequency_hz = np.linspace(*BAND_HZ, 801)
    binning = bin_axis(frequency_hz, BAND_HZ)
    mask = ModeMask(BIN_COUNT)
    for _ in range(40):
        f0_hz = 5.1e9 * (1 + 0.003 * rng.normal())
        mode = 1 / (1 + 2j * 3000 * (frequency_hz - f0_hz) / f0_hz)
        mask.add(binning, (smooth(frequency_hz) * (0.1 + mode))[None])
    kept = mask.kept()
    reached = np.abs(binning.centre_hz - 5.1e9) < 15e6
    assert not kept[reached].any()
    assert kept[np.abs(binning.centre_hz - 5.1e9) > 0.3e9].all()


def test_noise_alone_masks_nothing():
    rng = np.random.default_rng(3)
    frequency_hz = np.linspace(*BAND_HZ, 801)
    mask = ModeMask(BIN_COUNT)
    for _ in range(10):
        noise = rng.normal(size=(1, 801)) + 1j * rng.normal(size=(1, 801))
        mask.add(bin_axis(frequency_hz, BAND_HZ), noise)
    assert mask.kept().all()
