import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.physics.cavity import (
    CavityParameters,
    Spectator,
    cavity_response,
    tuned_frequency_hz,
    unloaded_q_ratio,
)

PLAIN = CavityParameters(
    weak_coupling_beta=1e-3, leak_reactance_ratio=0.0, spectators=()
)


def respond(cavity, axis_hz, f0_hz=5.0e9, loaded_q=8000.0, beta=1.5):
    return cavity_response(
        cavity, axis_hz, *(np.asarray([v]) for v in (f0_hz, loaded_q, beta))
    )


def test_single_mode_is_the_textbook_formula():
    axis_hz = 5.0e9 + np.linspace(-2e6, 2e6, 101)
    got = respond(PLAIN, axis_hz)
    weak, strong = 1e-3, 1.5
    unloaded_q = 8000.0 * (1 + weak + strong)
    detuned = 2j * unloaded_q * (axis_hz / 5.0e9 - 1.0)
    whole = 1 + weak + strong + detuned
    np.testing.assert_allclose(got.s21, 2 * np.sqrt(weak * strong) / whole, rtol=1e-9)
    np.testing.assert_allclose(
        got.s22, (strong - 1 - weak - detuned) / whole, rtol=1e-9
    )


def test_width_at_half_power_is_f0_over_loaded_q():
    axis_hz = 5.0e9 + np.linspace(-2e6, 2e6, 40_001)
    power = np.abs(respond(PLAIN, axis_hz).s21) ** 2
    inside = axis_hz[power >= power.max() / 2]
    assert axis_hz[power.argmax()] == pytest.approx(5.0e9, rel=1e-9)
    assert 5.0e9 / (inside[-1] - inside[0]) == pytest.approx(8000.0, rel=1e-3)


@given(
    beta=st.floats(0.01, 20.0),
    loaded_q=st.floats(100.0, 1e6),
    leak=st.floats(0.0, 0.1),
    ratio=st.floats(0.999, 1.001),
    spectator_beta=st.floats(0.0, 5.0),
)
def test_any_cavity_is_passive_and_reciprocal(
    beta, loaded_q, leak, ratio, spectator_beta
):
    cavity = CavityParameters(
        weak_coupling_beta=1e-3,
        leak_reactance_ratio=leak,
        spectators=(
            Spectator(
                frequency_ratio=ratio,
                unloaded_q=9000.0,
                weak_coupling_beta=0.01,
                strong_coupling_beta=spectator_beta,
            ),
        ),
    )
    axis_hz = 5.0e9 + np.linspace(-5e6, 5e6, 301)
    got = respond(cavity, axis_hz, loaded_q=loaded_q, beta=beta)
    matrix = np.stack(
        [np.stack([got.s11, got.s12], -1), np.stack([got.s21, got.s22], -1)], -2
    )
    assert np.linalg.norm(matrix, 2, axis=(-2, -1)).max() <= 1.0 + 1e-9
    np.testing.assert_array_equal(got.s12, got.s21)


def test_leak_sets_the_level_off_resonance():
    cavity = CavityParameters(
        weak_coupling_beta=1e-3, leak_reactance_ratio=5e-4, spectators=()
    )
    level_db = 20 * np.log10(np.abs(respond(cavity, np.asarray([7.5e9])).s21))[0]
    assert -63.0 < level_db < -50.0


def test_cavity_shrinks_and_gains_q_on_cooling(axis_hz):
    warm_hz = tuned_frequency_hz(5.0e9, 296.0, axis_hz)
    cold_hz = tuned_frequency_hz(5.0e9, 4.0, axis_hz)
    assert cold_hz == pytest.approx(5.0e9)
    assert (cold_hz - warm_hz) / cold_hz == pytest.approx(0.00324, rel=0.02)
    gain = 1.0 / unloaded_q_ratio(np.asarray([296.0]), axis_hz)[0]
    assert 3.0 < gain < 5.0
