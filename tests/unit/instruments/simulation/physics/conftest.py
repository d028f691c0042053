import numpy as np
import pytest

from instruments.simulation.hardware import draw_hardware, mate
from instruments.simulation.physics import ReceiverState


@pytest.fixture
def axis_hz():
    return np.linspace(4.0e9, 8.0e9, 401)


@pytest.fixture
def receiver():
    return mate(draw_hardware(7, "cavity-1"), 7, "cavity-1", "2026-11")


@pytest.fixture
def make_state():
    def make(**changes):
        nominal = {
            "temperature_k": 4.0,
            "magnetic_field_tesla": 0.0,
            "resonant_frequency_hz": 5.1e9,
            "loaded_q": 8000.0,
            "coupling_beta": 1.5,
        }
        return ReceiverState(**(nominal | changes))

    return make
