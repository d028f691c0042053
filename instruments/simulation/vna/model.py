"""An emulated model as data: what it calls itself, what it can, how it speaks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from instruments.simulation.scpi.device import Call, Reply
from instruments.simulation.vna.encoding import NumberText
from instruments.simulation.vna.settings import Limits

Query: TypeAlias = Callable[[Any, Call], Reply | Awaitable[Reply]]
"""Answers a call to an ``EmulatedVna``."""

Command: TypeAlias = Callable[[Any, Call], Awaitable[None] | None]
"""Carries out a call to an ``EmulatedVna``."""


@dataclass(frozen=True, slots=True)
class Verb:
    """What a header does when it is asked, and when it is told."""

    query: Query | None = None
    command: Command | None = None


Table: TypeAlias = Mapping[str, Verb]
"""Header pattern, such as ``SENSe#:SWEep:POINts``, to its verb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Where a model leaves the common way.

    Attributes
    ----------
    presets_trace
        Name of the trace that a preset leaves.
    trigger_source
        Trigger source after a preset.
    arming_is_pending
        Whether ``*OPC`` waits for the trigger of an armed channel too.
    has_global_numbers
        Trace numbers count over all channels, else within each.
    is_text_on_socket
        Binary transfer over HiSLIP only, text on a raw socket.
    keeps_newest_client
        A further client ends the session of the one before.
    fdata_has_pairs
        Formatted data have two values a point in every display format.
    """

    presets_trace: str = "1"
    trigger_source: str = "INT"
    arming_is_pending: bool = False
    has_global_numbers: bool = False
    is_text_on_socket: bool = False
    keeps_newest_client: bool = False
    fdata_has_pairs: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VnaModel:
    """One model of one family.

    Attributes
    ----------
    name
        As in the array file.
    dialect
        Family, as in the array file.
    identity
        Answer to ``*IDN?`` over ``{serial}``.
    serial
        Template of the serial number over ``{number}``, eight digits.
    options
        Answer to ``*OPT?``, quotes included.
    header_digit_count
        Digits of a block's length, 0 for as many as it takes.
    describe_format
        Writes the answer to ``FORM?`` for so many bits, 0 for text.
    """

    name: str
    dialect: str
    identity: str
    limits: Limits
    text: NumberText
    table: Table
    port_count: int = 2
    serial: str = "{number:08d}"
    options: str = '"0"'
    terminator: bytes = b"\n"
    header_digit_count: int = 0
    describe_format: Callable[[int], str]
    quirks: Quirks = field(default_factory=Quirks)
