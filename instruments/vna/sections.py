"""The sections of a dialect's table, each one part of what a VNA is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from instruments.measurement import SegmentLimits


class SyncMethod(StrEnum):
    """How the end of a sweep is noticed."""

    MODE = "mode"
    """A question is asked until it gives the right answer."""

    EVENT = "event"
    """``*OPC`` follows the start; ``*ESR?`` is asked until its first bit is set."""

    WAIT = "wait"
    """``*OPC?`` follows the start and answers at the end; nothing else is known."""


class DataForm(StrEnum):
    """What a VNA answers when it is asked for data."""

    BLOCK = "block"
    """A definite-length block of little-endian float64 numbers."""

    TEXT = "text"
    """Numbers between commas."""

    TRIPLES = "triples"
    """``[frequency,real,imaginary],...``: the axis comes with every trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A setting of the operator's that is read at connect and given back.

    Attributes
    ----------
    query, command
        The question; the command over ``{value}``, its answer.
    words
        Answers that the command takes in other words.
    """

    query: str
    command: str
    words: Mapping[str, str] = field(default_factory=dict)


def remember(*headers: str) -> tuple[Remembered, ...]:
    """Remember settings whose command is their question without the mark."""
    return tuple(
        Remembered(query=f"{header}?", command=f"{header} {{value}}")
        for header in headers
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTable:
    """The driver's channel and the operator's.

    Attributes
    ----------
    own_number
        The channel that the driver sweeps.
    query, parse
        Asks for the channels that exist; None where the driver uses the only one.
    hold, remembered
        Over ``{channel}``: stop one of the operator's; what to give back of it.
    remove
        Removes the driver's own channel.
    active_query, active_trace_query, activate
        Over ``{channel}``: which channel and trace the front panel works on; the last
        over ``{trace}`` too.
    """

    own_number: int
    query: str | None = None
    parse: Callable[[str], list[int]] | None = None
    hold: Sequence[str] = ()
    remembered: Sequence[Remembered] = ()
    remove: Sequence[str] = ()
    active_query: str | None = None
    active_trace_query: str | None = None
    activate: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceTable:
    """How traces are made; templates over ``{name}``, ``{number}``, ``{s_parameter}``.

    Attributes
    ----------
    define, show, delete
        Make a trace, put it on the screen, remove it.
    first_number
        Number of the first trace of a plan.
    is_named_by_number
        Whether a trace's name is its number.
    prepare
        Over ``{trace_count}``, before the definitions.
    catalog_query, parse_catalog
        Asks for the traces of the driver's channel; reads name to S-parameter, which is
        empty where the answer does not hold it. None where traces are only counted.
    count, definition
        What to give back where the traces are the operator's own: their count, and over
        ``{number}`` the definition of each.
    """

    define: Sequence[str]
    show: Sequence[str] = ()
    delete: Sequence[str] = ()
    first_number: int = 1
    is_named_by_number: bool = False
    prepare: Sequence[str] = ()
    catalog_query: str | None = None
    parse_catalog: Callable[[str], dict[str, str]] | None = None
    count: Remembered | None = None
    definition: Remembered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentTable:
    """How a segmented sweep is set.

    Templates over ``{start_hz}``, ``{stop_hz}``, ``{point_count}``,
    ``{if_bandwidth_hz}``, ``{source_power_dbm}``, ``{index}`` from 1 and
    ``{segment_count}``; ``{rows}`` are the rows, joined by commas.

    Attributes
    ----------
    prepare, table
        Sent once, the second with the rows in it; text must be the transfer format.
    row, row_commands
        A row of the table; commands for each row where there is no table.
    time_query
        Asks for the sweep time where that of a linear sweep does not answer it.
    remembered
        The operator's table, where the driver's takes its place.
    """

    limits: SegmentLimits
    prepare: Sequence[str] = ()
    table: Sequence[str] = ()
    row: str = ""
    row_commands: Sequence[str] = ()
    time_query: str | None = None
    remembered: Remembered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragingTable:
    """How sweeps are averaged; templates over ``{state}`` and ``{count}``.

    Attributes
    ----------
    set
        Sent with every plan.
    state_header
        Header that answers whether averaging is on; None where nothing does.
    progress_query
        Asks how many sweeps are in the average; None where nothing tells.
    is_retriggered
        Whether each sweep of the average takes a trigger of its own.
    """

    set: Sequence[str]
    state_header: str | None = None
    progress_query: str | None = None
    is_retriggered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepTable:
    """How a sweep is prepared, started, stopped and waited for.

    Attributes
    ----------
    arm, prepare
        Sent with every plan, before and after the traces are made.
    type_header, linear, segmented
        Header of the sweep type; its two values.
    start_single, start_averaged, restart
        Start one sweep, or all of an average; start the next of an average. Over
        ``{count}``.
    stop
        Ends a sweep at once.
    sync, done_query, done_reply
        How its end is noticed.
    time_query
        Asks for the time of one pass in s; None where nothing tells.
    """

    start_single: Sequence[str]
    start_averaged: Sequence[str]
    stop: Sequence[str]
    sync: SyncMethod
    type_header: str | None = None
    linear: str = "LIN"
    segmented: str = "SEGM"
    arm: Sequence[str] = ()
    prepare: Sequence[str] = ()
    restart: Sequence[str] = ()
    done_query: str | None = None
    done_reply: str = ""
    time_query: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTable:
    """How data travel; the queries over ``{name}``, ``{number}``, ``{s_parameter}``.

    Attributes
    ----------
    data_query, axis_query
        Ask for a trace's complex data, and for the axis in Hz.
    form
        What is answered over every transport but those in ``text_on_socket``.
    block, text
        Commands that select the one form and the other.
    is_text_on_socket
        Whether blocks are not sent over a plain socket.
    """

    data_query: str
    axis_query: str = ""
    form: DataForm = DataForm.BLOCK
    block: Sequence[str] = ()
    text: Sequence[str] = ()
    is_text_on_socket: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceTable:
    """The frequency reference.

    Attributes
    ----------
    select
        Source (``internal``, ``external``) to commands over ``{frequency_hz}``.
    lock_query, is_locked
        Asks for the lock, and reads the answer; None where nothing tells.
    """

    select: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lock_query: str | None = None
    is_locked: Callable[[str], bool] | None = None
