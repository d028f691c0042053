from dataclasses import replace

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    BAND_HZ,
    OperatingPoint,
    ParameterOutOfRangeError,
    check_hardware,
)
from instruments.simulation.physics.chain.ranges import check_ranges, constants_of


def test_the_usual_receiver_is_within_its_own_ranges(usual, drawn):
    check_hardware(usual, BAND_HZ)
    check_hardware(drawn, BAND_HZ)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e9])
def test_a_wrong_constant_is_named_in_one_sentence(usual, value):
    parts = (replace(usual.strong_line.parts[0], length_m=value),)
    wrong = replace(usual, strong_line=replace(usual.strong_line, parts=parts))
    with pytest.raises(
        ParameterOutOfRangeError, match=r"^strong_line.parts.0.length_m"
    ) as caught:
        check_ranges(wrong)
    assert str(caught.value).count("\n") == 0


def test_one_wrong_sweep_of_many_is_found():
    point = OperatingPoint(magnetic_field_tesla=np.asarray([0.0, 3.0]))
    with pytest.raises(ParameterOutOfRangeError, match="magnetic_field_tesla is 3"):
        check_ranges(point)


def test_a_tensor_under_differentiation_is_looked_at():
    leaf = torch.tensor(-4.0, dtype=torch.float64, requires_grad=True)
    with pytest.raises(ParameterOutOfRangeError, match="cavity_temperature_k"):
        check_ranges(OperatingPoint(cavity_temperature_k=leaf))


def test_a_mode_outside_of_the_band_is_refused(usual):
    far = replace(usual.cavity.modes[0], resonant_frequency_hz=9.3e9)
    cavity = replace(usual.cavity, modes=(*usual.cavity.modes[1:], far))
    wrong = replace(usual, cavity=cavity)
    with pytest.raises(ParameterOutOfRangeError, match=r"cavity.modes.3 lies at 9.3e"):
        check_hardware(wrong, BAND_HZ)
    check_hardware(wrong)


def test_every_constant_has_bounds_in_order_and_a_value_between(usual):
    for record in (usual, OperatingPoint()):
        for name, value, known in constants_of(record):
            assert known.low <= value <= known.high, name
            assert known.spread_value >= 0.0, name
