import numpy as np
import pytest

from models.preprocessing.integrity import CONSTANT_PHASE, find_flags


@pytest.fixture
def trace():
    rng = np.random.default_rng(1)
    phase = np.linspace(0, 4, 201)
    return np.exp(1j * phase) + 1e-3 * (
        rng.normal(size=201) + 1j * rng.normal(size=201)
    )


def test_good_traces_have_no_flag(trace):
    assert find_flags({"S21": trace, "S11": 0.1 * trace}, narrow=True) == {}


@pytest.mark.parametrize(
    ("spoil", "flag"),
    [
        (lambda t: np.where(np.arange(t.size) == 5, np.nan, t), "not_finite"),
        (lambda t: np.where(np.arange(t.size) == 5, 1e21, t), "spikes"),
        (lambda t: np.full_like(t, 0.3 + 0.1j), "rf_off"),
        (lambda t: np.abs(t) + 0j, CONSTANT_PHASE),
        (lambda t: np.where(np.arange(t.size) == 90, t + 0.5, t), "spikes"),
    ],
)
def test_bad_traces_are_flagged(trace, spoil, flag):
    flags = find_flags({"S21": trace, "S11": spoil(trace)}, narrow=True)
    assert flags.keys() == {"S11"}
    assert flag in flags["S11"]


def test_a_lone_point_of_a_wide_sweep_is_the_mode(trace):
    spiked = trace.copy()
    spiked[90] += 0.5
    assert find_flags({"S21": spiked}, narrow=False) == {}
