import numpy as np
import pytest

from instruments.simulation.physics.noise import VnaNoise, noise_sigma


def sigma(level=1.0, if_bandwidth_hz=1000.0, power_dbm=0.0, averaging_count=1):
    return noise_sigma(
        np.asarray([level + 0j]),
        VnaNoise(),
        if_bandwidth_hz=if_bandwidth_hz,
        source_power_dbm=power_dbm,
        averaging_count=averaging_count,
    )[0]


def test_strong_trace_has_the_trace_noise_of_the_data_sheet():
    assert 20 * np.log10(1 + sigma()) == pytest.approx(0.002, rel=0.15)


def test_weak_trace_has_the_floor_over_the_power():
    total = np.sqrt(2) * sigma(level=0.0, power_dbm=-20.0)
    assert 20 * np.log10(total) == pytest.approx(-68.0, abs=0.01)


def test_noise_goes_with_the_root_of_bandwidth_and_averages():
    assert sigma(if_bandwidth_hz=4000.0) == pytest.approx(2 * sigma())
    assert sigma(averaging_count=16) == pytest.approx(sigma() / 4)
