"""A VNA family as a table: headers, command templates, sync method."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from instruments.errors import IdentityMismatchError
from instruments.measurement import InstrumentIdentity


class Setting(StrEnum):
    """What a plan sets and the driver reads back."""

    START_FREQUENCY = "start_frequency_hz"
    STOP_FREQUENCY = "stop_frequency_hz"
    POINT_COUNT = "point_count"
    IF_BANDWIDTH = "if_bandwidth_hz"
    SOURCE_POWER = "source_power_dbm"
    AVERAGING_COUNT = "averaging_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The commands of one family, on a channel of our own.

    Attributes
    ----------
    name
        As in the array file.
    identity_pattern
        Matches ``vendor,model`` of the instruments that speak it.
    setting_headers
        Headers that take a value, and answer it with a question mark appended.
    snapshot_headers
        What the operator finds again after release, beside the mode of each channel.
    channels_query, parse_channels
        Asks for the channels that exist, and reads their numbers.
    mode_header, hold_mode
        Template over ``{channel}``: whether it sweeps; the mode in which it does not.
    trigger, prepare
        Select the internal trigger; stop our channel and make its sweep linear.
    own_channel_number
        Number of the channel that the driver sweeps; the others are the operator's.
    define_trace, delete_trace
        Templates over ``{name}``, ``{s_parameter}`` and ``{number}``.
    catalog_query, parse_catalog
        Asks for the traces that exist, and reads trace name to S-parameter.
    averaging
        Templates over ``{state}`` and ``{count}``, sent with every plan.
    transfer_format
        Selects little-endian float64 blocks.
    start_single, start_averaged
        Start one sweep, or ``averaging_count`` sweeps.
    done_query, done_reply
        Asks for the sweep mode; this is the answer once the sweep has ended.
    data_query
        Template over ``{name}``: selects a trace and asks for its complex data.
    axis_query
        Asks for the frequency axis in Hz.
    """

    name: str
    identity_pattern: str
    setting_headers: Mapping[Setting, str]
    own_channel_number: int
    snapshot_headers: Sequence[str]
    channels_query: str
    parse_channels: Callable[[str], list[int]]
    mode_header: str
    hold_mode: str
    trigger: Sequence[str]
    prepare: Sequence[str]
    define_trace: Sequence[str]
    delete_trace: str
    catalog_query: str
    parse_catalog: Callable[[str], dict[str, str]]
    averaging: Sequence[str]
    transfer_format: Sequence[str]
    rf_header: str
    start_single: Sequence[str]
    start_averaged: Sequence[str]
    done_query: str
    done_reply: str
    sweep_time_query: str
    data_query: str
    axis_query: str
    error_query: str = "SYST:ERR?"

    def speaks(self, identity: InstrumentIdentity) -> bool:
        """Tell whether an instrument belongs to this family."""
        text = f"{identity.vendor or ''},{identity.model or ''}"
        return re.search(self.identity_pattern, text, re.IGNORECASE) is not None


def choose_dialect(
    dialects: Sequence[Dialect], name: str, identity: InstrumentIdentity
) -> Dialect:
    """Find the dialect by its name, or for ``auto`` by the instrument's identity.

    Raises
    ------
    IdentityMismatchError
        If no dialect fits.
    """
    for dialect in dialects:
        if dialect.name == name or (name == "auto" and dialect.speaks(identity)):
            return dialect
    known = ", ".join(dialect.name for dialect in dialects)
    raise IdentityMismatchError(
        f"no dialect is known for {identity.vendor} {identity.model}; "
        f"set dialect to one of {known}"
    )
