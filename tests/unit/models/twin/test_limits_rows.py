"""Rows hold the traces of a sweep, and their noise, in one order."""

import numpy as np
import pytest

from instruments.simulation.physics.chain import SweepSettings, usual_receiver
from models.twin.limits_rows import noise_rows, response_rows, rows_of, traces_of
from models.twin.limits_state import point_at
from models.twin.limits_sweep import SweepSetup

TRACES = ("S21", "S23")


def test_rows_give_their_traces_back():
    rng = np.random.default_rng(3)
    samples = rng.standard_normal((2, 4, 7)) + 1j * rng.standard_normal((2, 4, 7))
    rows = rows_of(samples)
    assert rows.shape == (4, 28)
    found = traces_of(rows, TRACES)
    assert tuple(found) == TRACES
    assert np.array_equal(np.stack(list(found.values())), samples)


def test_noise_grows_with_the_signal_that_is_told():
    setup = SweepSetup(
        frequency_hz=np.linspace(4e9, 8e9, 11),
        s_parameters=TRACES,
        settings=SweepSettings(),
    )
    hardware, point = usual_receiver(has_jpa=False), point_at(20.0, 0.0)
    own = traces_of(response_rows(setup, hardware, point), TRACES)
    quiet = noise_rows(setup, hardware, point)
    assert noise_rows(setup, hardware, point, own) == pytest.approx(quiet)
    # Only the trace that is louder has more noise; both parts of it the same.
    louder = {**own, "S23": 100.0 * own["S23"]}
    noise = noise_rows(setup, hardware, point, louder).reshape(2, 2, 11)
    assert np.array_equal(noise[:, 0], noise[:, 1])
    assert noise[0] == pytest.approx(quiet.reshape(2, 2, 11)[0])
    assert (noise[1] > quiet.reshape(2, 2, 11)[1]).all()
