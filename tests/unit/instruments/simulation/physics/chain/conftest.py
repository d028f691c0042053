import numpy as np
import pytest

from instruments.simulation.physics.chain import usual_receiver
from instruments.simulation.physics.chain.drawing import draw_unit


@pytest.fixture(scope="session")
def usual():
    return usual_receiver()


@pytest.fixture(scope="session")
def drawn():
    return draw_unit(usual_receiver(), np.random.default_rng(5))


@pytest.fixture(scope="session")
def axis_hz():
    return np.linspace(4.0e9, 8.0e9, 257)
