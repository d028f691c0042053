import numpy as np
import pytest

from instruments.simulation.physics.amplifier import (
    AmplifierParameters,
    amplifier_response,
)

AMPLIFIER = AmplifierParameters(
    gain_db=72.0,
    tilt_db=1.0,
    curvature_db=-0.5,
    warm_loss_db=5.5,
    warm_tilt_db=-0.5,
    warm_exponent=1.15,
    bias_tilt_db=1.0,
    input_reflection_ratio=0.2,
    output_reflection_ratio=0.1,
    input_delay_s=5e-11,
)


def gain_db(temperature_k=4.0, bias=1.0, frequency_hz=6.0e9):
    network = amplifier_response(
        AMPLIFIER,
        np.asarray([frequency_hz]),
        np.asarray([temperature_k]),
        np.asarray([bias]),
    )
    return 20 * np.log10(np.abs(network.s21[0]))


def test_gain_falls_with_temperature():
    assert gain_db(4.0) == pytest.approx(72.0, abs=0.1)
    assert gain_db(300.0) == pytest.approx(72.0 - 5.5, abs=0.01)
    assert gain_db(4.0) - gain_db(5.0) < 0.02 < gain_db(15.0) - gain_db(25.0)


def test_tilt_and_curvature_at_the_band_edge():
    assert gain_db(frequency_hz=8.0e9) - gain_db() == pytest.approx(0.5, abs=0.01)


def test_lost_bias_pinches_the_chain_and_spoils_its_match():
    levels = [gain_db(bias=bias) for bias in (1.0, 0.9, 0.5, 0.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] - levels[-1] == pytest.approx(38.0, abs=0.1)
    pinched = amplifier_response(
        AMPLIFIER, np.asarray([6e9]), np.asarray([4.0]), np.asarray([0.0])
    )
    assert abs(pinched.s11[0]) == pytest.approx(0.8)
