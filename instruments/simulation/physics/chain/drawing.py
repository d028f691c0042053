"""The luck of the draw: units that differ, and connectors that are mated again."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from instruments.simulation.physics.chain.coax import FlexCable
from instruments.simulation.physics.chain.connector import Connector
from instruments.simulation.physics.chain.hardware import ReceiverHardware
from instruments.simulation.physics.chain.ranges import ParameterRange, range_of

Record = TypeVar("Record")

REACTANCE_RANGE = (0.08, 0.36)
"""Range of a connector's reactance: 28 to 15 dB of return loss at 5 GHz."""

_FARTHEST_SIGMA = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class MatingSpread:
    """How far things move when they are touched, or when the fridge is cycled.

    Attributes
    ----------
    reactance_sigma
        Standard deviation of a connector's reactance over the line impedance.
    delay_s
        Standard deviation in s of a flexible cable's delay.
    gain_db
        Standard deviation in dB of the chain's gain.
    """

    reactance_sigma: float
    delay_s: float
    gain_db: float


THERMAL_CYCLE = MatingSpread(reactance_sigma=6e-4, delay_s=0.5e-12, gain_db=0.05)
"""Another cool-down, nothing touched."""

CABLES_TOUCHED = MatingSpread(reactance_sigma=0.02, delay_s=3e-12, gain_db=0.15)
"""Another cool-down with connectors opened and mated again."""

RECABLED = MatingSpread(reactance_sigma=0.03, delay_s=7e-11, gain_db=0.6)
"""Weeks later, with cables laid anew."""


def draw_unit(record: Record, rng: np.random.Generator) -> Record:
    """Return a unit off the shelf: every constant drawn from its prior spread.

    Parameters
    ----------
    record
        Hardware whose values are the centres; connectors are drawn anew, of either
        sign.
    """
    drawn: Record = _drawn(record, rng)
    return drawn


def mated_again(
    hardware: ReceiverHardware, spread: MatingSpread, rng: np.random.Generator
) -> ReceiverHardware:
    """Return the receiver after its connectors were cycled, touched or laid anew."""
    moved: ReceiverHardware = _mated(hardware, spread, rng)
    gain_db = moved.hemt.gain_db + spread.gain_db * float(rng.normal())
    return replace(moved, hemt=replace(moved.hemt, gain_db=gain_db))


def mate_record(
    record: Record, spread: MatingSpread, rng: np.random.Generator
) -> Record:
    """Return any part with its connectors and flexible cables moved."""
    moved: Record = _mated(record, spread, rng)
    return moved


def _drawn(node: Any, rng: np.random.Generator) -> Any:
    if isinstance(node, tuple):
        return tuple(_drawn(part, rng) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    if isinstance(node, Connector):
        size = rng.uniform(*REACTANCE_RANGE) * rng.choice((-1.0, 1.0))
        return replace(node, reactance_ratio=float(size))
    changed = {}
    for declared in fields(node):
        known = range_of(declared)
        value = getattr(node, declared.name)
        changed[declared.name] = (
            _drawn(value, rng) if known is None else _spread(value, known, rng)
        )
    return replace(node, **changed)


def _spread(value: float, known: ParameterRange, rng: np.random.Generator) -> float:
    sigmas = float(np.clip(rng.normal(), -_FARTHEST_SIGMA, _FARTHEST_SIGMA))
    moved = value + known.prior_sigma(value) * sigmas
    return min(max(moved, known.low), known.high)


def _mated(node: Any, spread: MatingSpread, rng: np.random.Generator) -> Any:
    if isinstance(node, tuple):
        return tuple(_mated(part, spread, rng) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    if isinstance(node, Connector):
        shift = spread.reactance_sigma * float(rng.normal())
        return replace(node, reactance_ratio=node.reactance_ratio + shift)
    changed = {
        declared.name: _mated(getattr(node, declared.name), spread, rng)
        for declared in fields(node)
        if range_of(declared) is None
    }
    if isinstance(node, FlexCable):
        shift_s = spread.delay_s * float(rng.normal())
        changed["delay_s"] = max(0.0, node.delay_s + shift_s)
    return replace(node, **changed)
