"""The bound against many fits, with and without a reference; what a map costs."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import SweepSettings, usual_receiver
from instruments.simulation.physics.chain.drawing import CABLES_TOUCHED, THERMAL_CYCLE
from models.twin.joint_model import JointModel, JointSweep
from models.twin.joint_prior import independent_prior
from models.twin.limits_fit import bound, scatter_of_fits
from models.twin.limits_map import (
    REFERENCE_PRIOR_RATIOS,
    LimitsQuestion,
    limits_map,
)
from models.twin.limits_state import (
    FIELD_PRIOR_TESLA,
    TEMPERATURE_PRIOR_DEX,
    point_at,
)
from models.twin.limits_sweep import SweepSetup, off_resonance
from models.twin.parameters import cycle_constants

pytestmark = pytest.mark.benchmark

RESULT = Path(__file__).parents[2] / "bench" / "limits.json"
FITS = 200
BLOCK = 50


def setup_of(points):
    return SweepSetup(
        frequency_hz=np.linspace(4.0e9, 8.0e9, points),
        s_parameters=("S21", "S23", "S11"),
        settings=SweepSettings(),
    )


def described(hardware, temperature_k, field_tesla, ratios=(1.0, 1.0)):
    point = point_at(temperature_k, field_tesla)
    return JointSweep(
        setup=off_resonance(setup_of(61), hardware, point),
        temperature_k=temperature_k,
        magnetic_field_tesla=field_tesla,
        asked_prior_ratio=ratios,
    )


def scatter(hardware, temperature_k, spread, *, has_reference):
    sweeps = [described(hardware, temperature_k, 0.005)]
    if has_reference:
        sweeps.insert(0, described(hardware, 4.0, 0.0, REFERENCE_PRIOR_RATIOS))
    shared = independent_prior(cycle_constants(hardware, spread))
    model = JointModel(hardware, shared, sweeps)
    rng = np.random.default_rng(11)
    found = [scatter_of_fits(model, rng, BLOCK) for _ in range(FITS // BLOCK)]
    errors = np.concatenate([one.errors[one.is_converged] for one in found])
    sigma = np.sqrt(np.diag(bound(model)))
    rms = np.sqrt((errors**2).mean(axis=0))
    shift = errors.mean(axis=0) / sigma
    return {
        "temperature_k": temperature_k,
        "has_reference": has_reference,
        "reactance_sigma": spread.reactance_sigma,
        "fits": FITS,
        "converged": len(errors),
        "temperature_bound_dex": TEMPERATURE_PRIOR_DEX * sigma[0],
        "temperature_rms_over_bound_ratio": rms[0] / sigma[0],
        "temperature_mean_over_bound_ratio": shift[0],
        "field_bound_tesla": FIELD_PRIOR_TESLA * sigma[1],
        "field_rms_over_bound_ratio": rms[1] / sigma[1],
        "field_mean_over_bound_ratio": shift[1],
    }


def test_fits_reach_the_bound() -> None:
    torch.set_num_threads(1)
    hardware = usual_receiver(has_jpa=False)
    rows = [
        scatter(hardware, 20.0, THERMAL_CYCLE, has_reference=False),
        scatter(hardware, 77.0, THERMAL_CYCLE, has_reference=False),
        scatter(hardware, 20.0, CABLES_TOUCHED, has_reference=True),
    ]
    # So wide a prior alone leaves a curved valley: reported, and no bar.
    curved = scatter(hardware, 20.0, CABLES_TOUCHED, has_reference=False)
    begun_s = time.perf_counter()
    question = LimitsQuestion(
        hardware=hardware,
        setup=setup_of(201),
        temperatures_k=(1.0, 4.0, 20.0, 77.0),
        fields_tesla=(0.0, 0.005),
    )
    cells = len(list(limits_map(question))) // 3
    document = {
        "scatter": rows,
        "scatter_with_connectors_touched_and_no_reference": curved,
        "seconds_per_cell": (time.perf_counter() - begun_s) / cells,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2))
    for row in rows:
        assert row["converged"] >= 0.9 * FITS
        # 200 fits know their rms to a twentieth: 20 % is four standard errors.
        assert row["temperature_rms_over_bound_ratio"] == pytest.approx(1.0, abs=0.2)
        assert row["field_rms_over_bound_ratio"] == pytest.approx(1.0, abs=0.2)
