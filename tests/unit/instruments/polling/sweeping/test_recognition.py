"""A mode is told from noise, cables and its neighbour's tail."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.measurement import Sweep, SweepPurpose
from instruments.polling import ModePosition
from instruments.polling.sweeping.recognition import find_mode, looks_expected

MODE = ModePosition(resonant_frequency_hz=5e9, loaded_q=8000.0)
LINEWIDTH_HZ = 5e9 / 8000.0
AXIS_HZ = np.linspace(5e9 - 5 * LINEWIDTH_HZ, 5e9 + 5 * LINEWIDTH_HZ, 201)


def lorentzian(shift_linewidths=0.0, q=8000.0, axis_hz=AXIS_HZ):
    f0_hz = 5e9 + shift_linewidths * LINEWIDTH_HZ
    return 1.0 / (1.0 + 2j * q * (axis_hz / f0_hz - 1.0))


def noise(sigma, seed, count=201):
    rng = np.random.default_rng(seed)
    return sigma * (rng.standard_normal(count) + 1j * rng.standard_normal(count))


@given(
    shift=st.floats(min_value=-3.5, max_value=3.5),
    q=st.floats(min_value=5000.0, max_value=14000.0),
    phase=st.floats(min_value=0.0, max_value=6.28),
    delay_s=st.floats(min_value=0.0, max_value=30e-9),
    seed=st.integers(min_value=0, max_value=10_000),
)
def test_mode_is_found_as_peak_and_as_dip_through_any_cable(
    shift, q, phase, delay_s, seed
):
    cable = np.exp(1j * (phase - 2 * np.pi * AXIS_HZ * delay_s))
    peak = cable * lorentzian(shift, q) + noise(0.05, seed)
    dip = cable * (1.0 - 1.2 * lorentzian(shift, q)) + noise(0.05, seed)
    assert find_mode(AXIS_HZ, peak, MODE).is_convincing
    assert find_mode(AXIS_HZ, dip, MODE).is_convincing


@given(
    seed=st.integers(min_value=0, max_value=100_000),
    count=st.sampled_from([41, 101, 201]),
)
def test_noise_is_no_mode(seed, count):
    axis_hz = np.linspace(AXIS_HZ[0], AXIS_HZ[-1], count)
    evidence = find_mode(axis_hz, noise(1.0, seed, count), MODE)
    assert not evidence.is_convincing


@pytest.mark.parametrize("level", [1.0, 1e-3])
@pytest.mark.parametrize("shift", [20.0, 160.0])
def test_tail_of_another_mode_is_no_mode(shift, level):
    trace = level * lorentzian(shift) + noise(1e-5, 1)
    assert not find_mode(AXIS_HZ, trace, MODE).is_convincing


@pytest.mark.parametrize("delay_s", [0.0, 5e-9, 30e-9])
def test_cable_alone_is_no_mode(delay_s):
    trace = np.exp(-2j * np.pi * AXIS_HZ * delay_s) + noise(1e-4, 2)
    assert not find_mode(AXIS_HZ, trace, MODE).is_convincing


def test_spikes_neither_hide_nor_make_a_mode():
    spiky = noise(0.01, 3)
    spiky[[20, 90, 150]] += 50.0
    assert not find_mode(AXIS_HZ, spiky, MODE).is_convincing
    assert find_mode(AXIS_HZ, lorentzian() + spiky, MODE).is_convincing


def test_empty_trace_is_no_mode():
    assert not find_mode(AXIS_HZ, np.zeros(201, complex), MODE).is_convincing


def sweep_of(trace, purpose, axis_hz=AXIS_HZ):
    return Sweep(
        cavity="c",
        measured_at=datetime(2026, 1, 31, tzinfo=UTC),
        purpose=purpose,
        frequency_hz=axis_hz,
        traces={"S21": trace.astype(np.complex64)},
    )


def test_wide_and_short_sweeps_get_the_benefit_of_the_doubt():
    flat = noise(1.0, 4)
    assert looks_expected(sweep_of(flat, SweepPurpose.WIDE), MODE)
    assert not looks_expected(sweep_of(flat, SweepPurpose.TRANSMISSION), MODE)
    short = sweep_of(flat[:11], SweepPurpose.TRANSMISSION, AXIS_HZ[:11])
    assert looks_expected(short, MODE)
