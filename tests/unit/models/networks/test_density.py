import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.networks.density import BIN_COUNT, LEVELS, Coordinate, DensityGrid

VALUES = {
    Coordinate.LOG10: np.geomspace(0.02, 300, 50),
    Coordinate.ASINH: np.linspace(-0.03, 0.05, 50),
    Coordinate.LINEAR: np.linspace(-7.0, 40.0, 50),
}


@pytest.mark.parametrize("coordinate", Coordinate)
def test_coordinate_returns(coordinate):
    grid = DensityGrid.around(coordinate, VALUES[coordinate])
    places = grid.place(VALUES[coordinate])
    assert np.allclose(grid.value(places), VALUES[coordinate], rtol=1e-9, atol=1e-12)
    assert grid.low < places.min()
    assert places.max() < grid.high
    assert DensityGrid.from_record(grid.to_record()) == grid


@given(
    hnp.arrays(
        np.float64,
        (3, BIN_COUNT),
        elements=st.floats(0, 1).map(lambda value: value**8),
    )
)
def test_quantiles_rise_and_stay_on_the_grid(weights):
    weights = weights + 1e-12
    grid = DensityGrid.around(Coordinate.LOG10, VALUES[Coordinate.LOG10])
    quantiles = grid.quantiles(weights / weights.sum(axis=1, keepdims=True))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles >= grid.low).all()
    assert (quantiles <= grid.high).all()


def test_quantiles_of_a_known_density():
    grid = DensityGrid(coordinate=Coordinate.LOG10, low=0.0, high=1.0)
    quantiles = grid.quantiles(np.full((1, BIN_COUNT), 1 / BIN_COUNT))
    assert np.allclose(quantiles[0], LEVELS, atol=1e-3)


def test_soft_labels_sum_to_one_and_peak_at_the_truth():
    grid = DensityGrid.around(Coordinate.ASINH, VALUES[Coordinate.ASINH])
    places = grid.place(VALUES[Coordinate.ASINH])
    labels = grid.soft_labels(places)
    assert np.allclose(labels.sum(axis=1), 1.0, atol=1e-5)
    centres = 0.5 * (grid.edges[1:] + grid.edges[:-1])
    assert np.abs(centres[labels.argmax(axis=1)] - places).max() <= grid.width
