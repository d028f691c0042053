"""The precise fit reads what is there, and refuses what the twin does not explain."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    draw_unit,
    mated_again,
    usual_receiver,
    with_constants,
)
from instruments.simulation.physics.chain.drawing import CABLES_TOUCHED
from models.twin.joint_prior import independent_prior
from models.twin.parameters import cycle_constants
from models.twin.precise_document import estimate_document
from models.twin.precise_estimate import EstimateState
from models.twin.precise_fit import PreciseFit
from models.twin.precise_sweep import UnusableSweepError
from tests.unit.models.twin.precise_sweeps import measured, reference

AXIS_HZ = np.linspace(4.0e9, 8.0e9, 61)
STRAY = "weak_line.connectors.1.reactance_ratio"
TRUTHS = ((20.0, 0.005), (200.0, 0.0))


@pytest.fixture(scope="module")
def receivers():
    torch.set_num_threads(1)
    rng = np.random.default_rng(5)
    described = draw_unit(usual_receiver(has_jpa=False), rng)
    return described, mated_again(described, CABLES_TOUCHED, rng)


@pytest.fixture(scope="module")
def fit(receivers):
    described, hardware = receivers
    known = reference(hardware, AXIS_HZ, np.random.default_rng(6))
    return PreciseFit(described, independent_prior(cycle_constants(described)), known)


def test_temperature_and_field_are_found_from_anywhere(fit, receivers):
    """Four numbers, each within 3.5 of its own standard deviations."""
    rng = np.random.default_rng(7)
    sweeps = [measured(receivers[1], *truth, AXIS_HZ, rng) for truth in TRUTHS]
    for found, (temperature_k, field_tesla) in zip(
        fit.estimate(sweeps), TRUTHS, strict=True
    ):
        assert found.state is EstimateState.ESTIMATED, found.reason
        departure_dex = np.log10(found.temperature_k.median / temperature_k)
        assert abs(departure_dex) < 3.5 * found.temperature_k.sigma < 0.1
        departure_tesla = found.magnetic_field_tesla.median - field_tesla
        # At zero field the shield is whole and the field's sign hard to tell.
        assert abs(departure_tesla) < 3.5 * found.magnetic_field_tesla.sigma < 1e-2
        document = estimate_document(found)
        quantiles = [document["temperature_k"][f"p{one}"] for one in ("05", "16", "84")]
        assert quantiles == sorted(quantiles)


def test_a_stray_reflection_gets_no_estimate(fit, receivers):
    hardware = receivers[1]
    size = hardware.weak_line.connectors[1].reactance_ratio + 0.1
    sick = with_constants(hardware, {STRAY: size})
    sweep = measured(sick, 77.0, 0.005, AXIS_HZ, np.random.default_rng(8))
    (found,) = fit.estimate([sweep])
    assert found.state is EstimateState.MISFIT
    assert found.temperature_k is None
    assert found.magnetic_field_tesla is None
    assert "misfit: chi-square per point is" in found.reason
    assert "GHz" in found.reason


def test_a_cold_sweep_keeps_an_interval_and_no_median(fit, receivers):
    sweep = measured(receivers[1], 0.05, 0.005, AXIS_HZ, np.random.default_rng(9))
    told = []
    (found,) = fit.estimate([sweep], lambda *said: told.append(said))
    stages, shares = zip(*told, strict=True)
    assert list(dict.fromkeys(stages)) == ["the grid", "the first steps", "the descent"]
    assert list(shares) == sorted(shares)
    assert 0.5 < shares[-1] <= 1.0
    assert found.state is EstimateState.NOT_DETERMINABLE
    temperature = found.temperature_k
    assert temperature.median is None
    assert temperature.p05 <= 0.05 <= temperature.p95 < 5.0
    assert found.magnetic_field_tesla.median == pytest.approx(0.005, abs=5e-4)


def test_missing_traces_and_points_are_left_out(fit, receivers):
    sweep = measured(receivers[1], 77.0, 0.005, AXIS_HZ, np.random.default_rng(10))
    traces = {name: trace.copy() for name, trace in sweep.traces.items()}
    traces["S11"][:] = np.nan
    traces["S21"][10:20] = np.nan
    (found,) = fit.estimate([replace(sweep, traces=traces)])
    assert found.state is EstimateState.ESTIMATED, found.reason
    assert set(found.quality.by_trace) == {"S21", "S23"}
    departure_dex = np.log10(found.temperature_k.median / 77.0)
    assert abs(departure_dex) < 3.5 * found.temperature_k.sigma


def test_a_reference_that_is_not_explained_refuses_all(receivers):
    described, hardware = receivers
    rng = np.random.default_rng(11)
    sick = with_constants(hardware, {STRAY: -0.6})
    known = reference(sick, AXIS_HZ, rng)
    fit = PreciseFit(described, independent_prior(cycle_constants(described)), known)
    (found,) = fit.estimate([measured(hardware, 20.0, 0.0, AXIS_HZ, rng)])
    assert found.state is EstimateState.MISFIT
    assert found.reason.startswith("the reference: misfit")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"temperature_k": 1000.0}, "temperature is 1000 K"),
        ({"magnetic_field_tesla": 1.0}, "field is 1 T"),
    ],
)
def test_references_out_of_reach_are_refused(receivers, change, named):
    described, hardware = receivers
    known = reference(hardware, AXIS_HZ, np.random.default_rng(12))
    shared = independent_prior(cycle_constants(described))
    with pytest.raises(UnusableSweepError, match=named):
        PreciseFit(described, shared, replace(known, **change))


def test_sweeps_without_a_trace_of_the_reference_are_refused(fit, receivers):
    sweep = measured(receivers[1], 20.0, 0.0, AXIS_HZ, np.random.default_rng(13))
    with pytest.raises(UnusableSweepError, match="none of the reference's"):
        fit.estimate([replace(sweep, traces={"S33": sweep.traces["S11"]})])
    narrow = np.linspace(5.1e9, 5.1e9 + 1e3, 61)
    with pytest.raises(UnusableSweepError, match="ask for a wide sweep"):
        fit.estimate([replace(sweep, frequency_hz=narrow)])
