"""The bound is what a fit reaches: Monte Carlo of the maximum a posteriori fit."""

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import SweepSettings, usual_receiver
from instruments.simulation.physics.chain.drawing import THERMAL_CYCLE
from models.twin.joint_model import JointModel, JointSweep
from models.twin.joint_prior import independent_prior
from models.twin.limits_fit import bound, scatter_of_fits
from models.twin.limits_information import asked_information
from models.twin.limits_jacobian import sweep_slopes
from models.twin.limits_state import point_at
from models.twin.limits_sweep import SweepSetup, off_resonance
from models.twin.parameters import cycle_constants

FITS = 100
TEMPERATURE_K, FIELD_TESLA = 20.0, 0.005


@pytest.fixture(scope="module")
def described():
    torch.set_num_threads(1)
    hardware = usual_receiver(has_jpa=False)
    setup = SweepSetup(
        frequency_hz=np.linspace(4.0e9, 8.0e9, 61),
        s_parameters=("S21", "S23", "S11"),
        settings=SweepSettings(),
    )
    setup = off_resonance(setup, hardware, point_at(TEMPERATURE_K, FIELD_TESLA))
    sweep = JointSweep(
        setup=setup, temperature_k=TEMPERATURE_K, magnetic_field_tesla=FIELD_TESLA
    )
    shared = cycle_constants(hardware, THERMAL_CYCLE)
    return hardware, shared, JointModel(hardware, independent_prior(shared), [sweep])


def test_bound_of_the_joint_matrix_is_that_of_the_map(described):
    hardware, shared, model = described
    point = point_at(TEMPERATURE_K, FIELD_TESLA)
    slopes = sweep_slopes(model.sweeps[0].setup, hardware, shared, point)
    nothing = np.zeros((len(shared), len(shared)))
    information = asked_information(slopes, nothing)
    assert np.linalg.inv(information) == pytest.approx(bound(model), rel=1e-5)


def test_fits_scatter_as_the_bound_says(described):
    """Within 20 %: N fits know a standard deviation to 1 / sqrt(2 N).

    That is 7 % for each of T and B and 5 % for both pooled, so 20 % is nearly three
    standard errors of the test itself, and a fit that is 1.35 times worse than the
    bound cannot pass. A mean is known to 1 / sqrt(N), a tenth of the bound.
    """
    *_, model = described
    found = scatter_of_fits(model, np.random.default_rng(1), FITS)
    errors = found.errors[found.is_converged]
    assert len(errors) >= 0.95 * FITS
    covariance = bound(model)
    ratios = errors / np.sqrt(np.diag(covariance))
    assert np.sqrt((ratios**2).mean(axis=0)) == pytest.approx(1.0, abs=0.2)
    assert np.abs(ratios.mean(axis=0)).max() < 3.0 / np.sqrt(FITS)
    weight = np.linalg.inv(covariance)
    pooled = np.einsum("ni,ij,nj->n", errors, weight, errors).mean() / 2.0
    assert np.sqrt(pooled) == pytest.approx(1.0, abs=0.15)
    chi_squares = found.chi_square_ratio[found.is_converged]
    # 354 rows: one chi-square is known to 7.5 %, the mean of 100 to 0.75 %.
    assert chi_squares.mean() == pytest.approx(1.0, abs=0.03)


def test_model_of_many_trials_is_that_of_each(described):
    *_, model = described
    places = 0.3 * np.random.default_rng(3).standard_normal((4, model.size))
    (together,), (slopes,) = model.rows(places), model.slopes(places)
    for index in range(len(places)):
        own = places[index : index + 1]
        assert np.allclose(model.rows(own)[0][0], together[index], rtol=0, atol=1e-13)
        scale = np.abs(slopes[index]).max(axis=0)
        apart = np.abs(model.slopes(own)[0][0] - slopes[index]).max(axis=0)
        assert (apart <= 1e-7 * scale).all()


def test_slopes_are_those_of_finite_differences(described):
    *_, model = described
    place = 0.1 * np.random.default_rng(4).standard_normal((1, model.size))
    (slopes,) = model.slopes(place)
    step = 1e-4
    moved = step * np.eye(model.size)
    (above,), (below,) = model.rows(place + moved), model.rows(place - moved)
    expected = ((above - below) / (2.0 * step)).T
    size = np.abs(expected).max(axis=0)
    assert (np.abs(slopes[0] - expected).max(axis=0) < 1e-3 * size + 1e-9).all()
