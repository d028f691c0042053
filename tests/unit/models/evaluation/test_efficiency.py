from types import SimpleNamespace

import numpy as np
import pytest

from models.evaluation.efficiency import distance_to_bound
from models.evaluation.predictions import ScalarPredictions
from models.networks.density import Coordinate, DensityGrid
from models.twin.limits_map import Aid, Limit


def limit(temperature_k, dex, field_sigma, aid=Aid.REFERENCE, field_tesla=0.0):
    return Limit(
        aid=aid,
        temperature_k=temperature_k,
        magnetic_field_tesla=field_tesla,
        log10_temperature_sigma=dex,
        temperature_sigma_k=None,
        field_sigma_tesla=field_sigma,
    )


LIMITS = [
    limit(4.0, 1e-2, 1e-4),
    limit(400.0, 1e-4, 1e-4),
    limit(40.0, None, None, Aid.ALONE),
    limit(40.0, None, 2e-4, field_tesla=0.02),
]


def corpus(temperature_k, field_tesla):
    return SimpleNamespace(
        numbers={
            "temperature_k": temperature_k,
            "magnetic_field_tesla": field_tesla,
        },
        classes={"condition": np.array(["healthy"] * temperature_k.size)},
    )


def test_an_estimate_at_the_bound_has_ratio_one():
    rng = np.random.default_rng(0)
    temperature_k = 4.0 * 100 ** rng.uniform(size=600)
    # The bound falls as a power of T: 1e-2 at 4 K, 1e-4 at 400 K.
    bound = 1e-2 * 4.0 / temperature_k
    grid = DensityGrid.around(Coordinate.LOG10, temperature_k)
    truth = grid.place(temperature_k)
    said = truth + bound * rng.normal(size=600)
    found = distance_to_bound(
        ScalarPredictions(
            rows=np.arange(600), grid=grid, truth=truth, quantiles=said[:, None]
        ),
        corpus(temperature_k, np.zeros(600)),
        LIMITS,
    )
    assert found["unit"] == "dex"
    assert len(found["bins"]) == 10
    assert found["median_ratio"] == pytest.approx(1.0, abs=0.15)


def test_fields_take_the_bound_at_the_nearest_field():
    temperature_k = np.linspace(5.0, 50.0, 24)
    field_tesla = np.full(24, 0.019)
    grid = DensityGrid.around(Coordinate.ASINH, np.array([0.0, 0.03]))
    truth = grid.place(field_tesla)
    found = distance_to_bound(
        ScalarPredictions(
            rows=np.arange(24),
            grid=grid,
            truth=truth,
            quantiles=grid.place(field_tesla + 1e-3)[:, None],
        ),
        corpus(temperature_k, field_tesla),
        LIMITS,
    )
    assert found["median_ratio"] == pytest.approx(5.0)


def test_cold_sweeps_have_no_ratio():
    temperature_k = np.full(24, 1.0)
    grid = DensityGrid.around(Coordinate.LOG10, np.array([0.5, 5.0]))
    truth = grid.place(temperature_k)
    found = distance_to_bound(
        ScalarPredictions(
            rows=np.arange(24), grid=grid, truth=truth, quantiles=truth[:, None]
        ),
        corpus(temperature_k, np.zeros(24)),
        LIMITS,
    )
    assert found["bins"] == []
    assert found["median_ratio"] is None
