import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.physics.chain.matter import (
    BERYLLIUM_COPPER,
    COPPER,
    NIOBIUM_TITANIUM,
    critical_temperature_k,
    lattice_energy_ratio,
    normal_share,
    resistivity_ohm_m,
    surface_resistance_ohm,
)


def at(value):
    return np.asarray([float(value)])


@pytest.mark.parametrize(("at_hz", "ratio"), [(4e9, 5.1), (7e9, 4.7)])
def test_copper_gains_what_the_anomalous_skin_effect_allows(at_hz, ratio):
    warm, cold = (
        surface_resistance_ohm(resistivity_ohm_m(COPPER, at(t)), at(at_hz))[0]
        for t in (300.0, 4.0)
    )
    assert warm / cold == pytest.approx(ratio, abs=0.1)


def test_copper_at_room_temperature_and_four_gigahertz():
    rho = resistivity_ohm_m(COPPER, at(300))
    assert surface_resistance_ohm(rho, at(4e9))[0] == pytest.approx(16.5e-3, rel=0.01)


@given(st.floats(-12, -6), st.floats(8.5, 10.5))
def test_surface_resistance_rises_with_resistivity(rho_exponent, f_exponent):
    rho = 10.0 ** np.asarray([rho_exponent, rho_exponent + 0.01])
    surface = surface_resistance_ohm(rho, at(10.0**f_exponent))
    assert surface[1] >= surface[0] * (1 - 1e-6)


@pytest.mark.parametrize(
    ("at_k", "percent"),
    [(250, 0.070), (200, 0.148), (150, 0.221), (100, 0.282), (77, 0.302), (4, 0.324)],
)
def test_contraction_follows_the_copper_table(at_k, percent):
    lost = 0.324 * (1 - lattice_energy_ratio(at(at_k), 343.0)[0])
    assert lost == pytest.approx(percent, abs=0.005)


def test_resistivity_ends_at_the_residual_and_falls_as_fifth_power():
    cold, room = resistivity_ohm_m(COPPER, np.asarray([3.0, 296.0]))
    residual = COPPER.room_resistivity_ohm_m * COPPER.residual_ratio
    assert cold == pytest.approx(residual, rel=0.01)
    assert room == pytest.approx(COPPER.room_resistivity_ohm_m, rel=0.03)
    lattice = resistivity_ohm_m(COPPER, np.asarray([8.0, 16.0])) - residual
    assert lattice[1] / lattice[0] == pytest.approx(32.0, rel=0.02)


def test_nothing_breaks_at_zero_kelvin():
    for metal in (COPPER, BERYLLIUM_COPPER, NIOBIUM_TITANIUM):
        rho = resistivity_ohm_m(metal, at(0.0))[0]
        assert rho == pytest.approx(metal.room_resistivity_ohm_m * metal.residual_ratio)
    assert lattice_energy_ratio(at(0.0), 343.0)[0] == pytest.approx(0.0, abs=1e-15)


def test_the_transition_falls_in_a_field_of_either_sign():
    fields = np.asarray([0.0, 5.0, -5.0, 13.9, 20.0])
    critical = critical_temperature_k(NIOBIUM_TITANIUM, fields)
    assert critical[0] == pytest.approx(9.2, abs=1e-3)
    assert critical[1] == pytest.approx(9.2 * (1 - 5 / 14) ** 0.6)
    assert critical[1] == critical[2]
    assert critical[3] < 0.6
    share = normal_share(NIOBIUM_TITANIUM, at(0.0), fields)
    assert share[0] < 1e-6
    assert share[4] > 0.99
    assert (normal_share(COPPER, at(0.0), fields) == 1.0).all()


@given(st.floats(0.0, 15.0), st.floats(-20.0, 20.0))
def test_the_transition_is_smooth_and_rises_with_temperature(at_k, field_tesla):
    pair = np.asarray([at_k, at_k + 1e-3])
    share = normal_share(NIOBIUM_TITANIUM, pair, at(field_tesla))
    assert 0.0 <= share[1] - share[0] < 1e-2
