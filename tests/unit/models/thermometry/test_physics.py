import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from models.thermometry.physics import (
    PLANCK_OVER_BOLTZMANN,
    quasiparticles,
    two_level_loss,
    two_level_shift,
)


@given(
    st.floats(0.02, 2.0), st.floats(1.1, 5.0), st.floats(1e9, 2e10), st.floats(0.1, 10)
)
def test_two_level_systems_know_only_frequency_over_temperature(
    temperature_k, ratio, frequency_hz, scale
):
    """Heat and frequency times one factor change nothing."""
    temperatures = np.array([temperature_k, ratio * temperature_k])
    shifts = two_level_shift(temperatures, frequency_hz)
    scaled = two_level_shift(scale * temperatures, scale * frequency_hz)
    assert np.diff(shifts) == pytest.approx(np.diff(scaled), rel=1e-6, abs=1e-9)


def test_far_above_the_photon_the_shift_is_logarithmic_and_the_loss_inverse():
    temperatures = np.array([10.0, 20.0])
    assert np.diff(two_level_shift(temperatures, 5e9)) == pytest.approx(
        np.log(2.0), rel=1e-3
    )
    loss = two_level_loss(temperatures, 5e9)
    assert loss[0] / loss[1] == pytest.approx(2.0, rel=1e-3)


def _mattis_bardeen_resistive(temperature_k, frequency_hz, gap_k):
    """sigma_1 / sigma_n by the integral, for photons below twice the gap."""
    photon = PLANCK_OVER_BOLTZMANN * frequency_hz

    def integrand(excess):
        energy = gap_k + excess**2
        fermi = 1.0 / (1.0 + np.exp(energy / temperature_k)) - 1.0 / (
            1.0 + np.exp((energy + photon) / temperature_k)
        )
        top = energy**2 + gap_k**2 + photon * energy
        # The substitution takes the square root's pole out of the integrand.
        bottom = np.sqrt(energy + gap_k) * np.sqrt((energy + photon) ** 2 - gap_k**2)
        return 2.0 * fermi * top / bottom

    return 2.0 / photon * quad(integrand, 0.0, np.sqrt(60.0 * temperature_k))[0]


@pytest.mark.parametrize("temperature_k", [1.5, 2.0, 2.5])
def test_quasiparticle_loss_is_that_of_the_mattis_bardeen_integral(temperature_k):
    critical_k, frequency_hz = 9.2, 8e9
    gap_k = 1.764 * critical_k
    _, loss = quasiparticles(np.array([temperature_k]), frequency_hz, critical_k)
    photon = PLANCK_OVER_BOLTZMANN * frequency_hz
    resistive = _mattis_bardeen_resistive(temperature_k, frequency_hz, gap_k)
    # sigma_2 / sigma_n is pi times gap over photon far below the critical temperature.
    assert loss[0] == pytest.approx(resistive / (np.pi * gap_k / photon), rel=0.05)


def test_quasiparticles_freeze_out():
    shift, loss = quasiparticles(np.array([0.1, 1.0, 2.0]), 8e9, 9.2)
    assert shift[0] == 0.0
    assert loss[0] < 1e-30
    assert shift[2] < shift[1] < 0.0
    assert loss[2] > loss[1] > 0.0
