"""A receiver cut into blocks that are worked out apart and joined again.

A line, a junction or the amplifiers depend on their own constants only. Cut there, a
change of one constant costs one block and the join, for many values of it at once.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from instruments.simulation.physics.backend import Array
from instruments.simulation.physics.chain import OperatingPoint, ReceiverHardware
from instruments.simulation.physics.chain.band import Band
from instruments.simulation.physics.chain.cavity import cavity_response
from instruments.simulation.physics.chain.connector import connector_response
from instruments.simulation.physics.chain.hardware import LINE_NAMES
from instruments.simulation.physics.chain.joined_parts import JoinedParts
from instruments.simulation.physics.chain.jpa import jpa_response
from instruments.simulation.physics.chain.junction import (
    isolator_response,
    junction_response,
)
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.line import line_response
from instruments.simulation.physics.chain.network import (
    amplifier_responses,
    surroundings_at,
)
from instruments.simulation.physics.chain.switch import switch_response
from instruments.simulation.physics.chain.vna import PortErrors, port_errors
from instruments.simulation.physics.circulator import ThreePort
from instruments.simulation.physics.two_port import TwoPort
from models.twin.calibration_set import Samples

AMPLIFIERS = "amplifiers"
"""The block that holds both amplifiers, and follows the drift of the gain."""

_PORTS = ("port_0", "port_1", "port_2")

BlockValues = Mapping[str, tuple[Array, ...]]
"""What the blocks are: scattering parameters by block, each (..., sweep, point)."""


def block_names(hardware: ReceiverHardware) -> tuple[str, ...]:
    """Return the blocks of a receiver."""
    names = [*LINE_NAMES, "vna", "cavity", "switch", "circulator", *_PORTS]
    names += ["isolator", AMPLIFIERS]
    return tuple(names if hardware.jpa is None else [*names, "jpa"])


def split_name(name: str) -> tuple[str, str]:
    """Return the block that a constant belongs to, and its name in the block."""
    first, _, rest = name.partition(".")
    if name.startswith("circulator.ports."):
        _, _, port, own = name.split(".", 3)
        return f"port_{port}", own
    if first in {"hemt", "room_amplifier"}:
        return AMPLIFIERS, f"{0 if first == 'hemt' else 1}.{rest}"
    return first, rest


def block_record(hardware: ReceiverHardware, block: str) -> Any:
    """Return the part of a receiver that a block is made of."""
    if block in _PORTS:
        return hardware.circulator.ports[_PORTS.index(block)]
    if block == AMPLIFIERS:
        return (hardware.hemt, hardware.room_amplifier)
    return getattr(hardware, block)


def block_response(
    block: str, record: Any, band: Band, point: OperatingPoint
) -> tuple[Array, ...]:
    """Return the scattering parameters of a block.

    Parameters
    ----------
    record
        Its constants, numbers or one value a sweep, shape (sweep,).
    point
        Lifted operating point.
    """
    parts = lifted(record, band.frequency_hz)
    if block in LINE_NAMES:
        return _reciprocal(line_response(parts, band, surroundings_at(point)))
    if block in _PORTS:
        return _reciprocal(connector_response(parts, band))
    return _RESPONSES[block](parts, band, point)


def _cavity(parts: Any, band: Band, point: OperatingPoint) -> tuple[Array, ...]:
    return _reciprocal(cavity_response(parts, band, point))


def _switch(parts: Any, band: Band, point: OperatingPoint) -> tuple[Array, ...]:
    return _reciprocal(switch_response(parts, band, point.switch_position_index))


def _circulator(parts: Any, band: Band, point: OperatingPoint) -> tuple[Array, ...]:
    bare = junction_response(parts, band, point)
    return (bare.reflection, bare.forward, bare.leak)


def _isolator(parts: Any, band: Band, point: OperatingPoint) -> tuple[Array, ...]:
    return _whole(isolator_response(parts, band, point))


def _jpa(parts: Any, band: Band, point: OperatingPoint) -> tuple[Array, ...]:
    return _whole(jpa_response(parts, band, point))


def _amplifiers(parts: Any, band: Band, point: OperatingPoint) -> tuple[Array, ...]:
    first, second = amplifier_responses(parts[0], parts[1], band, point)
    return (*_whole(first), *_whole(second))


def _vna(parts: Any, band: Band, point: OperatingPoint) -> tuple[Array, ...]:
    left = port_errors(parts, band, point)
    return (left.directivity, left.source_match, left.load_match, left.tracking)


_RESPONSES = {
    "vna": _vna,
    "cavity": _cavity,
    "switch": _switch,
    "circulator": _circulator,
    "isolator": _isolator,
    "jpa": _jpa,
    AMPLIFIERS: _amplifiers,
}


class JoinedBlocks(JoinedParts):
    """Blocks joined to a receiver.

    Parameters
    ----------
    blocks
        Scattering parameters of each.
    """

    def __init__(self, blocks: BlockValues) -> None:
        self._blocks = blocks
        self.errors = PortErrors(*blocks["vna"])
        self.cavity = _two_port(blocks["cavity"])
        self.switch = _two_port(blocks["switch"])
        self.junction = ThreePort(*blocks["circulator"])
        self.ports = [_two_port(blocks[name]) for name in _PORTS]
        self.jpa = _two_port(blocks["jpa"]) if "jpa" in blocks else None
        self.isolator = _two_port(blocks["isolator"])

    def line(self, name: str) -> TwoPort:
        """Return one line by its name."""
        return _two_port(self._blocks[name])

    @cached_property
    def amplifiers(self) -> tuple[TwoPort, TwoPort]:  # type: ignore[override]
        """HEMT and room-temperature amplifier."""
        both = self._blocks[AMPLIFIERS]
        return _two_port(both[:4]), _two_port(both[4:])


def join_slopes(
    blocks: Mapping[str, tuple[Samples, ...]],
    moved: Sequence[str],
    names: Sequence[str],
) -> tuple[Samples, dict[str, Samples]]:
    """Return traces of joined blocks, and their derivatives by the blocks' values.

    Parameters
    ----------
    blocks
        Each value of shape (sweep, point).
    moved
        Blocks to differentiate by.
    names
        Traces.

    Returns
    -------
    tuple
        Traces, shape (sweep, trace, point); d trace / d value by block, shape (trace,
        value, sweep, point), from one backward pass a trace.
    """
    leaves = torch.from_numpy(
        np.concatenate([np.stack(blocks[block]) for block in moved])
    )
    still = {
        block: tuple(torch.from_numpy(np.array(value)) for value in values)
        for block, values in blocks.items()
        if block not in moved
    }
    sizes = [len(blocks[block]) for block in moved]

    def respond(given: torch.Tensor) -> torch.Tensor:
        parts = torch.split(given, sizes)
        own = {block: tuple(part) for block, part in zip(moved, parts, strict=True)}
        network = JoinedBlocks({**still, **own})
        return torch.stack([network.trace(name) for name in names], dim=1)

    output, pull_back, *_ = torch.func.vjp(respond, leaves)
    found = []
    for trace in range(len(names)):
        along = torch.zeros_like(output)
        along[:, trace] = 1.0
        found.append(pull_back(along)[0].resolve_conj().numpy().conj())
    ends = np.cumsum(sizes)[:-1]
    split = np.split(np.stack(found), ends, axis=1)
    samples = output.detach().resolve_conj().numpy()
    return samples, dict(zip(moved, split, strict=True))


def _reciprocal(made: TwoPort) -> tuple[Array, ...]:
    return (made.s11, made.s21, made.s22)


def _whole(made: TwoPort) -> tuple[Array, ...]:
    return (made.s11, made.s21, made.s22, made.s12)


def _two_port(values: Sequence[Array]) -> TwoPort:
    s11, s21, s22 = values[:3]
    return TwoPort(
        s11=s11, s21=s21, s22=s22, s12=s21 if len(values) == 3 else values[3]
    )
