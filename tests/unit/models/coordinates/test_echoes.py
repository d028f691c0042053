import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coordinates.echoes import (
    LEAST_COHERENCE,
    KnownEchoes,
    compare_echoes,
    echo_signal,
    find_gates,
    gated,
)

COUNT = 400
BAND_HZ = (4e9, 8e9)
SPACING_HZ = (BAND_HZ[1] - BAND_HZ[0]) / COUNT
FREQUENCY_HZ = BAND_HZ[0] + SPACING_HZ * (np.arange(COUNT) + 0.5)
MIDDLE_HZ = FREQUENCY_HZ.mean()
KEPT = np.ones(COUNT, dtype=bool)


def echoing(delay_s, strength=0.1):
    return (1 + strength * np.exp(-2j * np.pi * FREQUENCY_HZ * delay_s))[None]


def compared(own, known, delay_s):
    """Compare the echo that has a delay, in the logarithm of a transmission."""
    mine = echo_signal(own, KEPT, logarithmic=True)
    theirs = echo_signal(known, KEPT, logarithmic=True)
    gates = (round(delay_s * SPACING_HZ * COUNT),)
    turns = MIDDLE_HZ / SPACING_HZ
    known = KnownEchoes.of(gated(theirs, gates), gates)
    return compare_echoes(gated(mine, gates), known, turns)


@given(
    delay_s=st.floats(10e-9, 40e-9),
    moved_s=st.floats(-0.3e-9, 0.3e-9),
)
def test_an_echo_turns_with_its_delay_beyond_half_a_turn(delay_s, moved_s):
    # Up to 1.8 turns at the middle of the band.
    own = echoing(delay_s + moved_s, 0.02)
    echo = compared(own, echoing(delay_s, 0.02), delay_s)
    expected_rad = -2 * np.pi * MIDDLE_HZ * moved_s
    assert echo.phase_rad[0, 0] == pytest.approx(expected_rad, abs=1e-3)
    assert echo.coherence[0, 0] > LEAST_COHERENCE


@given(delay_s=st.floats(10e-9, 40e-9), ratio=st.floats(0.3, 2.0))
def test_an_echo_grows_as_its_reflection_does(delay_s, ratio):
    echo = compared(echoing(delay_s, 0.02 * ratio), echoing(delay_s, 0.02), delay_s)
    assert echo.strength[0, 0] == pytest.approx(np.log(ratio), abs=0.01)
    assert echo.phase_rad[0, 0] == pytest.approx(0.0, abs=0.01)


@given(delay_s=st.floats(10e-9, 45e-9))
def test_the_delay_of_an_echo_is_told_within_a_fiftieth_of_a_step(delay_s):
    known = echoing(delay_s, 0.02)
    echo = compared(known, known, delay_s)
    steps = delay_s * SPACING_HZ * COUNT
    assert echo.delay_steps[0, 0] == pytest.approx(steps, abs=0.02)
    gates = find_gates(echo_signal(known, KEPT, logarithmic=True), logarithmic=True)
    assert min(abs(gate - steps) for gate in gates) <= 1


@given(level=st.floats(-2, 2), phase_rad=st.floats(-3, 3), moved_s=st.floats(0, 1e-9))
def test_gain_and_delay_of_the_line_leave_a_transmission_echo_alone(
    level, phase_rad, moved_s
):
    known = echoing(30e-9)
    turn = np.exp(
        level + 1j * phase_rad - 2j * np.pi * (FREQUENCY_HZ - MIDDLE_HZ) * moved_s
    )
    echo = compared(known * turn, known, 30e-9)
    assert echo.phase_rad[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert echo.strength[0, 0] == pytest.approx(0.0, abs=1e-6)


def test_echoes_of_a_reflection_are_those_of_the_sweep_itself():
    delays_s = (5e-9, 20e-9)
    known = sum(
        0.3 * np.exp(-2j * np.pi * FREQUENCY_HZ * delay_s) for delay_s in delays_s
    )[None]
    gates = find_gates(echo_signal(known, KEPT, logarithmic=False), logarithmic=False)
    assert gates == tuple(round(each * SPACING_HZ * COUNT) for each in delays_s)


@given(first=st.floats(5.0, 60.0), apart=st.floats(15.0, 120.0))
def test_side_lobes_of_an_echo_are_no_echoes(first, apart):
    steps = (first, first + apart)
    noise = np.random.default_rng(0).normal(size=(2, 20, COUNT)) * 1e-4
    known = sum(
        np.exp(-2j * np.pi * each * np.arange(COUNT) / COUNT) for each in steps
    ) + (noise[0] + 1j * noise[1])
    gates = find_gates(echo_signal(known, KEPT, logarithmic=False), logarithmic=False)
    assert len(gates) == 2
    assert max(abs(g - each) for g, each in zip(gates, steps, strict=True)) <= 1


def test_noise_is_no_echo():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(30, COUNT)) + 1j * rng.normal(size=(30, COUNT))
    signal = echo_signal(1 + 1e-3 * noise, KEPT, logarithmic=True)
    assert find_gates(signal, logarithmic=True) == ()
