"""What a reflection sees of a receiver, layer by layer: parts and the planes behind.

A fit asks the layers what to search for and in which order, and what a reflection has
settled.
"""

from dataclasses import dataclass

from instruments.simulation.physics.chain import ReceiverHardware
from instruments.simulation.physics.chain.coax import Attenuator
from models.twin.fit_space import FitSpace

SLOWNESS_S_PER_M = 1.43 / 299_792_458.0
"""Delay of a metre of coax in s, to the per cent that a search asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One part of a line with the plane behind it.

    Attributes
    ----------
    line, part_index
        The part.
    near
        Planes that are settled with it: at its near end, (line, connector).
    far_index
        Connector at its far end.
    is_deep
        Whether it lies behind a pad or an amplifier.
    further
        Patterns (prefixes) of other constants that the layer shows.
    """

    line: str
    part_index: int
    near: tuple[tuple[str, int], ...]
    far_index: int
    is_deep: bool = False
    further: tuple[str, ...] = ()


def layers_of(hardware: ReceiverHardware, trace: str) -> list[Layer]:
    """Return the layers that a reflection can see, the nearest first.

    An input line is seen to the part behind its first pad, the output through the
    room-temperature amplifier to the HEMT.
    """
    if trace == "S22":
        return _output_layers(hardware)
    line = {"S11": "weak_line", "S33": "bypass_line"}[trace]
    found, pads = [], 0
    for index, part in enumerate(hardware.line(line).parts):
        if isinstance(part, Attenuator):
            pads += 1
            continue
        if pads > 1:
            break
        is_first = index == 0 or isinstance(
            hardware.line(line).parts[index - 1], Attenuator
        )
        near = ((line, index),) if is_first else ()
        further = (f"{line}.parts.{index - 1}.",) if pads and is_first else ()
        found.append(
            Layer(
                line=line,
                part_index=index,
                near=near,
                far_index=index + 1,
                is_deep=pads > 0,
                further=further,
            )
        )
    return found


def _output_layers(hardware: ReceiverHardware) -> list[Layer]:
    room, upper = "room_output_line", "upper_output_line"
    last = len(hardware.room_output_line.parts)
    inner = len(hardware.upper_output_line.parts)
    amplifier = ("room_amplifier.",)
    found = [
        Layer(
            line=room,
            part_index=index,
            near=((room, last), (upper, inner)) if index == last - 1 else (),
            far_index=index,
            further=amplifier,
        )
        for index in reversed(range(last))
    ]
    found += [
        Layer(
            line=upper,
            part_index=index,
            near=(),
            far_index=index,
            is_deep=True,
            further=amplifier if index else (*amplifier, "hemt."),
        )
        for index in reversed(range(inner))
    ]
    return found


def delay_column(space: FitSpace, line: str, index: int) -> tuple[int, float]:
    """Return the constant that sets the delay of a part, and s per its unit."""
    path = f"{line}.parts.{index}"
    if f"{path}.length_m" in space.names:
        return space.names.index(f"{path}.length_m"), SLOWNESS_S_PER_M
    return space.names.index(f"{path}.delay_s"), 1.0
