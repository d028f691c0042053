"""The bound is what a fit reaches: Monte Carlo of the maximum a posteriori fit."""

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import SweepSettings, usual_receiver
from models.twin.limits_fit import DescribedSweep, TwinFit
from models.twin.limits_information import asked_information
from models.twin.limits_jacobian import sweep_slopes
from models.twin.limits_state import point_at
from models.twin.limits_sweep import SweepSetup, off_resonance
from models.twin.parameters import cycle_constants

FITS = 16
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
    sweep = DescribedSweep(
        setup=setup, temperature_k=TEMPERATURE_K, magnetic_field_tesla=FIELD_TESLA
    )
    return hardware, sweep, TwinFit(hardware, cycle_constants(hardware), [sweep])


def test_bound_of_the_joint_matrix_is_that_of_the_map(described):
    hardware, sweep, fit = described
    shared = cycle_constants(hardware)
    point = point_at(TEMPERATURE_K, FIELD_TESLA)
    slopes = sweep_slopes(sweep.setup, hardware, shared, point)
    nothing = np.zeros((len(shared), len(shared)))
    information = asked_information(slopes, nothing)
    assert np.linalg.inv(information) == pytest.approx(fit.covariance(), rel=1e-5)


@pytest.mark.timeout(180)
def test_fits_scatter_as_the_bound_says(described):
    """Pooled over T and B: 2 x 16 numbers, whose rms is known to an eighth; the bench
    takes more."""
    *_, fit = described
    rng = np.random.default_rng(1)
    outcomes = [fit.run(rng) for _ in range(FITS)]
    errors = np.asarray([one.error for one in outcomes if one.is_converged])
    assert len(errors) >= 0.8 * FITS
    weight = np.linalg.inv(fit.covariance())
    pooled = np.einsum("ni,ij,nj->n", errors, weight, errors).mean() / 2.0
    assert np.sqrt(pooled) == pytest.approx(1.0, abs=0.35)
    chi_squares = [one.chi_square_ratio for one in outcomes if one.is_converged]
    assert np.median(chi_squares) == pytest.approx(1.0, abs=0.25)
