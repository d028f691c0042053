import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.physics.thermal import (
    contraction,
    lattice_energy_ratio,
    resistivity_ratio,
)


@pytest.mark.parametrize(
    ("temperature_k", "percent"),
    [(250, 0.070), (200, 0.148), (150, 0.221), (100, 0.282), (77, 0.302), (4, 0.324)],
)
def test_contraction_follows_the_copper_table(temperature_k, percent):
    shrunk = contraction(np.asarray([float(temperature_k)]))[0]
    assert 100 * shrunk == pytest.approx(percent, abs=0.005)


def test_resistivity_ends_at_the_residual_and_falls_as_fifth_power():
    ratio = resistivity_ratio(np.asarray([3.0, 296.0]), 0.01)
    assert ratio == pytest.approx([0.01, 1.0], abs=1e-4)
    lattice = resistivity_ratio(np.asarray([8.0, 16.0]), 0.0)
    assert lattice[1] / lattice[0] == pytest.approx(32.0, rel=0.02)


@given(st.floats(3.0, 299.0), st.floats(0.01, 5.0))
def test_curves_rise_with_temperature(temperature_k, step_k):
    pair = np.asarray([temperature_k, temperature_k + step_k])
    assert np.diff(resistivity_ratio(pair, 0.02))[0] > 0
    assert np.diff(lattice_energy_ratio(pair))[0] > 0


def test_torch_gives_the_same_numbers_and_a_gradient():
    grid = np.geomspace(3.0, 300.0, 30)
    tensor = torch.tensor(grid, requires_grad=True)
    ratio = resistivity_ratio(tensor, 0.02)
    np.testing.assert_allclose(
        ratio.detach().numpy(), resistivity_ratio(grid, 0.02), rtol=1e-12
    )
    ratio.sum().backward()
    assert (tensor.grad > 0).all()
