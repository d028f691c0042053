"""Receiver physics as pure functions, the same with numpy and with torch."""

from instruments.simulation.physics.amplifier import AmplifierParameters
from instruments.simulation.physics.cavity import (
    CavityParameters,
    Spectator,
    tuned_frequency_hz,
    unloaded_q_ratio,
)
from instruments.simulation.physics.circulator import CirculatorParameters
from instruments.simulation.physics.lines import LineParameters, Section, Stage
from instruments.simulation.physics.noise import VnaNoise, noise_sigma
from instruments.simulation.physics.parameters import (
    LINE_NAMES,
    ReceiverParameters,
    ReceiverState,
)
from instruments.simulation.physics.receiver import (
    RECEIVER_TRACES,
    drives,
    receiver_response,
)

__all__ = [
    "LINE_NAMES",
    "RECEIVER_TRACES",
    "AmplifierParameters",
    "CavityParameters",
    "CirculatorParameters",
    "LineParameters",
    "ReceiverParameters",
    "ReceiverState",
    "Section",
    "Spectator",
    "Stage",
    "VnaNoise",
    "drives",
    "noise_sigma",
    "receiver_response",
    "tuned_frequency_hz",
    "unloaded_q_ratio",
]
