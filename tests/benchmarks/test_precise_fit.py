"""The precise fit over the Cramer-Rao bound, on drawn units in new thermal cycles."""

import json
import os
import time
from pathlib import Path

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
from models.twin.limits_map import Aid, Knowledge, LimitsQuestion, limits_map
from models.twin.limits_sweep import SweepSetup
from models.twin.parameters import cycle_constants
from models.twin.precise_estimate import EstimateState
from models.twin.precise_fit import PreciseFit
from tests.unit.models.twin.precise_sweeps import (
    REFERENCE_K,
    SETTINGS,
    TRACES,
    measured,
    reference,
)

UNITS = int(os.environ.get("HALOWATCH_BENCH_UNITS", "8"))
RESULT = Path(__file__).parents[2] / "bench" / "precise_fit.json"
AXIS_HZ = np.linspace(4.0e9, 8.0e9, 201)
TEMPERATURES_K = (5.0, 8.0, 20.0, 77.0, 200.0)
FIELDS_TESLA = (0.0, 0.005)
COLD_K = (0.1, 1.0)
STRAY = "weak_line.connectors.1.reactance_ratio"


def bounds(hardware):
    """Return the bound by temperature and field, with a reference."""
    question = LimitsQuestion(
        hardware=hardware,
        setup=SweepSetup(frequency_hz=AXIS_HZ, s_parameters=TRACES, settings=SETTINGS),
        temperatures_k=TEMPERATURES_K,
        fields_tesla=FIELDS_TESLA,
        reference_temperature_k=REFERENCE_K,
        knowledge=Knowledge.FITTED,
    )
    return {
        (one.temperature_k, one.magnetic_field_tesla): (
            one.log10_temperature_sigma,
            one.field_sigma_tesla,
        )
        for one in limits_map(question)
        if one.aid is Aid.REFERENCE
    }


def unit(seed):
    """Return errors over the bound, what was said of cold and of faulty sweeps."""
    rng = np.random.default_rng(1000 + seed)
    described = draw_unit(usual_receiver(has_jpa=False), rng)
    hardware = mated_again(described, CABLES_TOUCHED, rng)
    limit = bounds(hardware)
    faulty = with_constants(
        hardware, {STRAY: hardware.weak_line.connectors[1].reactance_ratio + 0.05}
    )
    sweeps = [measured(hardware, *where, AXIS_HZ, rng) for where in limit]
    cold = [measured(hardware, one, 0.005, AXIS_HZ, rng) for one in COLD_K]
    sick = [measured(faulty, one, 0.005, AXIS_HZ, rng) for one in (4.0, 20.0)]
    known = reference(hardware, AXIS_HZ, rng)
    started_s = time.process_time()
    fit = PreciseFit(described, independent_prior(cycle_constants(described)), known)
    found = fit.estimate([*sweeps, *cold, *sick])
    elapsed_s = time.process_time() - started_s
    healthy = dict(zip(limit, found, strict=False))
    rows = [
        {
            "temperature_k": where[0],
            "field_tesla": where[1],
            "state": one.state.value,
            "errors_over_bound": errors(one, where, limit[where]),
            "is_covered": covered(one, where),
        }
        for where, one in healthy.items()
    ]
    rest = found[len(sweeps) :]
    return {
        "seed": seed,
        "rows": rows,
        "cold": [one.state.value for one in rest[: len(cold)]],
        "cold_covered": [
            one.temperature_k is not None
            and one.temperature_k.p05 <= true_k <= one.temperature_k.p95
            for one, true_k in zip(rest, COLD_K, strict=False)
        ],
        "faulty": [one.state.value for one in rest[len(cold) :]],
        "seconds_per_sweep": elapsed_s / len(found),
    }


def errors(one, where, limit):
    if one.temperature_k is None or one.temperature_k.median is None:
        return None
    if one.magnetic_field_tesla.median is None:
        return None
    return [
        float(np.log10(one.temperature_k.median / where[0]) / limit[0]),
        float((one.magnetic_field_tesla.median - where[1]) / limit[1]),
    ]


def covered(one, where):
    if one.temperature_k is None:
        return None
    pairs = zip((one.temperature_k, one.magnetic_field_tesla), where, strict=True)
    return [bool(known.p05 <= true <= known.p95) for known, true in pairs]


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_precise_fits_are_near_the_bound() -> None:
    torch.set_num_threads(1)
    units = [unit(seed) for seed in range(UNITS)]
    rows = [row for one in units for row in one["rows"]]
    by_temperature = {}
    for temperature_k in TEMPERATURES_K:
        own = [row for row in rows if row["temperature_k"] == temperature_k]
        told = [row["errors_over_bound"] for row in own if row["errors_over_bound"]]
        rms = np.sqrt(np.mean(np.square(told), axis=0))
        by_temperature[temperature_k] = {
            "sweeps": len(own),
            "estimated": len(told),
            "temperature_rmse_over_bound_ratio": float(rms[0]),
            "field_rmse_over_bound_ratio": float(rms[1]),
        }
    cover = np.asarray([row["is_covered"] for row in rows if row["is_covered"]])
    document = {
        "by_temperature": by_temperature,
        "median_temperature_ratio": float(
            np.median(
                [
                    one["temperature_rmse_over_bound_ratio"]
                    for one in by_temperature.values()
                ]
            )
        ),
        "median_field_ratio": float(
            np.median(
                [one["field_rmse_over_bound_ratio"] for one in by_temperature.values()]
            )
        ),
        "coverage_of_90_percent": cover.mean(axis=0).tolist(),
        "states": {
            state.value: sum(row["state"] == state.value for row in rows)
            for state in EstimateState
        },
        "cold": [one["cold"] for one in units],
        "cold_covered": [one["cold_covered"] for one in units],
        "faulty": [one["faulty"] for one in units],
        "seconds_per_sweep": float(
            np.mean([one["seconds_per_sweep"] for one in units])
        ),
        "units": units,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps({k: v for k, v in document.items() if k != "units"}, indent=2))
    assert document["median_temperature_ratio"] <= 2.0
    assert document["median_field_ratio"] <= 2.0
    assert all(state == "misfit" for one in units for state in one["faulty"])
