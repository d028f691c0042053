"""The full receiver chain: hardware and operating point in, traces out.

A cascade of two- and three-ports on the array API, the same with numpy and torch.
"""

from instruments.simulation.physics.chain.catalogue import BAND_HZ, usual_receiver
from instruments.simulation.physics.chain.drawing import draw_unit, mated_again
from instruments.simulation.physics.chain.hardware import (
    ReceiverHardware,
    check_hardware,
)
from instruments.simulation.physics.chain.network import CHAIN_TRACES, chain_response
from instruments.simulation.physics.chain.noise import SweepSettings, chain_noise_sigma
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.plates import (
    Plate,
    PlateTemperatures,
    plates_at,
)
from instruments.simulation.physics.chain.ranges import ParameterOutOfRangeError
from instruments.simulation.physics.chain.switch import SwitchPosition
from instruments.simulation.physics.chain.vector import (
    Constant,
    list_constants,
    read_constants,
    with_constants,
)

__all__ = [
    "BAND_HZ",
    "CHAIN_TRACES",
    "Constant",
    "OperatingPoint",
    "ParameterOutOfRangeError",
    "Plate",
    "PlateTemperatures",
    "ReceiverHardware",
    "SweepSettings",
    "SwitchPosition",
    "chain_noise_sigma",
    "chain_response",
    "check_hardware",
    "draw_unit",
    "list_constants",
    "mated_again",
    "plates_at",
    "read_constants",
    "usual_receiver",
    "with_constants",
]
