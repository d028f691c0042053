from dataclasses import replace

import numpy as np
import pytest

from instruments.simulation.physics.chain import (
    OperatingPoint,
    PlateTemperatures,
    SweepSettings,
    chain_noise_sigma,
    chain_response,
)
from instruments.simulation.physics.chain.batches import sweep_batch
from instruments.simulation.physics.chain.vector import with_constants

AXIS_HZ = np.linspace(4e9, 8e9, 512)
SETTINGS = SweepSettings(if_bandwidth_hz=1000.0)
COUNT = 37


def points(count=COUNT):
    return OperatingPoint(
        plates=PlateTemperatures(four_kelvin_k=np.linspace(3.5, 30.0, count)),
        magnetic_field_tesla=np.linspace(-0.02, 0.02, count),
    )


def test_a_batch_is_the_chain_plus_its_noise(usual):
    many = sweep_batch(AXIS_HZ, usual, points(), SETTINGS, sweep_count=COUNT, seed=1)
    assert many.shape == (COUNT, 3, 512)
    assert many.dtype == np.complex64
    traces = chain_response(AXIS_HZ, usual, points())
    sigmas = chain_noise_sigma(AXIS_HZ, usual, points(), traces, SETTINGS)
    for index, name in enumerate(("S21", "S23", "S11")):
        scaled = (many[:, index] - traces[name]) / sigmas[name]
        for part in (scaled.real, scaled.imag):
            assert abs(part.mean()) < 0.05
            assert part.std() == pytest.approx(1.0, abs=0.03)


def test_threads_do_not_change_the_numbers(usual):
    one, two = (
        sweep_batch(
            AXIS_HZ,
            usual,
            points(),
            SETTINGS,
            sweep_count=COUNT,
            seed=3,
            thread_count=threads,
        )
        for threads in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_hardware_may_differ_from_sweep_to_sweep(usual):
    gains_db = np.linspace(30.0, 40.0, COUNT)
    moved = with_constants(usual, {"hemt.gain_db": gains_db})
    many = sweep_batch(
        AXIS_HZ, moved, OperatingPoint(), SETTINGS, sweep_count=COUNT, seed=1
    )
    level_db = 20 * np.log10(np.abs(many[:, 1])).mean(axis=1)
    np.testing.assert_allclose(np.diff(level_db), np.diff(gains_db), atol=0.02)


def test_a_wrong_length_is_named(usual):
    wrong = replace(points(), magnetic_field_tesla=np.zeros(5))
    with pytest.raises(ValueError, match="magnetic_field_tesla holds 5 values for 37"):
        sweep_batch(AXIS_HZ, usual, wrong, SETTINGS, sweep_count=COUNT, seed=1)
