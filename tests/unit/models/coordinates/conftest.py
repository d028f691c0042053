import numpy as np
import pytest

from models.preprocessing.view import SweepView

BAND_HZ = (4e9, 8e9)
ECHO_S = 30e-9


def lines(frequency_hz, *, cable=0.0, level=0.0, mode_hz=5.1e9, mode_q=400.0):
    """Two traces without noise, each shape (point,).

    Parameters
    ----------
    cable
        Share by which the cable has shrunk.
    level
        Change of gain in neper.
    """
    x = (frequency_hz - 6e9) / 2e9
    smooth = np.exp(level - 0.4 * x + 0.1 * x**2)
    echo = 0.1 * np.exp(-2j * np.pi * frequency_hz * ECHO_S * (1 - cable))
    line = np.exp(-2j * np.pi * frequency_hz * 12e-9)
    mode = 1 / (1 + 2j * mode_q * (frequency_hz - mode_hz) / mode_hz)
    through = smooth * line * (1 + echo)
    return {"S21": through, "S31": through * (1 - 0.7 * mode)}


def view_of(traces, frequency_hz, reference):
    return SweepView(
        frequency_hz=frequency_hz,
        traces=traces,
        reference_hz=reference[0],
        reference=reference[1],
    )


@pytest.fixture(scope="session")
def axis_hz():
    return np.linspace(*BAND_HZ, 401)


@pytest.fixture(scope="session")
def views(axis_hz):
    """Sweeps of a receiver that warms: its cable grows with what its gain loses."""
    rng = np.random.default_rng(5)
    reference = (axis_hz, lines(axis_hz))
    found = []
    for warm in np.linspace(0.0, 1.0, 40):
        traces = lines(
            axis_hz,
            cable=-4e-3 * warm,
            level=-0.5 * warm,
            mode_hz=5.1e9 * (1 - 1e-3 * warm),
            mode_q=400.0 / (1 + warm),
        )
        noise = rng.normal(size=(2, 2, axis_hz.size)) * 1e-4
        for index, name in enumerate(traces):
            traces[name] = traces[name] + noise[0, index] + 1j * noise[1, index]
        found.append(view_of(traces, axis_hz, reference))
    return found


@pytest.fixture(scope="session", name="lines")
def _lines():
    return lines
