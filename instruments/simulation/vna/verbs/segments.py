"""Segments one by one, as R&S has them, and what every table has."""

from collections.abc import Callable
from dataclasses import replace

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.model import Verb
from instruments.simulation.vna.settings import MAX_SEGMENTS, Limits, Segment


def replace_table(vna: EmulatedVna, channel: Channel, segments: list[Segment]) -> None:
    """Put a new table in place of the old one.

    Raises
    ------
    ScpiFault
        If it is longer than the instrument's memory.
    """
    points = sum(segment.point_count for segment in segments)
    if len(segments) > MAX_SEGMENTS or points > vna.model.limits.max_point_count:
        raise ScpiFault(-223, "Too much data", f"{len(segments)} segments")
    channel.stimulus.segments = segments
    if not segments and channel.stimulus.sweep_type == "SEGM":
        channel.stimulus.sweep_type = "LIN"
    channel.forget()


def checked(limits: Limits, segment: Segment) -> Segment:
    """Return a segment with an IF bandwidth that exists.

    Raises
    ------
    ScpiFault
        If it lies outside of the model's limits.
    """
    ends = (segment.start_hz, segment.stop_hz)
    is_inside = all(
        limits.lowest_frequency_hz <= end <= limits.highest_frequency_hz for end in ends
    )
    if not is_inside or ends[0] > ends[1] or segment.point_count < 1:
        detail = f"segment {ends[0]:g} to {ends[1]:g}"
        raise ScpiFault(-222, "Data out of range", detail)
    if segment.if_bandwidth_hz is None:
        return segment
    narrowest, widest = limits.lowest_bandwidth_hz, limits.highest_bandwidth_hz
    if not narrowest <= segment.if_bandwidth_hz <= widest:
        raise ScpiFault(-222, "Data out of range", f"{segment.if_bandwidth_hz:g} Hz")
    existing_hz = limits.next_bandwidth_hz(segment.if_bandwidth_hz)
    return replace(segment, if_bandwidth_hz=existing_hz)


def _add(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    segments = list(channel.stimulus.segments)
    limits = vna.model.limits
    lowest_hz = segments[-1].stop_hz if segments else limits.lowest_frequency_hz
    place = min(call.suffixes[1], len(segments) + 1)
    new = Segment(
        start_hz=lowest_hz, stop_hz=limits.highest_frequency_hz, point_count=51
    )
    replace_table(vna, channel, [*segments[: place - 1], new, *segments[place - 1 :]])


ADD = Verb(command=_add)


def _delete_all(vna: EmulatedVna, call: Call) -> None:
    replace_table(vna, vna.channel_of(call), [])


DELETE_ALL = Verb(command=_delete_all)


def _count(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.integer(len(vna.channel_of(call).stimulus.segments))


COUNT = Verb(_count)


def _total_points(vna: EmulatedVna, call: Call) -> str:
    segments = vna.channel_of(call).stimulus.segments
    return vna.model.text.integer(sum(one.point_count for one in segments))


POINT_TOTAL = Verb(_total_points)
"""Points of the whole table."""


def _total_time(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.number(vna.channel_of(call).stimulus.pass_time_s)


TOTAL_TIME = Verb(_total_time)
"""Time of the whole segmented sweep."""


def field(read: Callable[[Segment], float | None], name: str) -> Verb:
    """Return the verb of one field of one segment, in Hz, dBm or points."""

    def query(vna: EmulatedVna, call: Call) -> str:
        value = read(_segment(vna, call))
        if value is None:
            stimulus = vna.channel_of(call).stimulus
            value = (
                stimulus.power_dbm if name == "power_dbm" else stimulus.if_bandwidth_hz
            )
        text = vna.model.text
        return text.integer(int(value)) if name == "point_count" else text.number(value)

    def command(vna: EmulatedVna, call: Call) -> None:
        changed = _changed(
            _segment(vna, call), name, call.arguments.number(-1e15, 1e15)
        )
        channel = vna.channel_of(call)
        segments = list(channel.stimulus.segments)
        segments[call.suffixes[1] - 1] = checked(vna.model.limits, changed)
        replace_table(vna, channel, segments)

    return Verb(query, command)


def _changed(segment: Segment, name: str, value: float) -> Segment:
    match name:
        case "start_hz":
            stop_hz = max(value, segment.stop_hz)
            return replace(segment, start_hz=value, stop_hz=stop_hz)
        case "stop_hz":
            start_hz = min(value, segment.start_hz)
            return replace(segment, start_hz=start_hz, stop_hz=value)
        case "point_count":
            return replace(segment, point_count=round(value))
        case "if_bandwidth_hz":
            return replace(segment, if_bandwidth_hz=value)
        case _:
            return replace(segment, power_dbm=value)


def _segment(vna: EmulatedVna, call: Call) -> Segment:
    segments = vna.channel_of(call).stimulus.segments
    number = call.suffixes[1]
    if not 1 <= number <= len(segments):
        raise ScpiFault(-114, "Header suffix out of range", f"no segment {number}")
    return segments[number - 1]


START = field(lambda one: one.start_hz, "start_hz")
STOP = field(lambda one: one.stop_hz, "stop_hz")
POINTS = field(lambda one: one.point_count, "point_count")
BANDWIDTH = field(lambda one: one.if_bandwidth_hz, "if_bandwidth_hz")
POWER = field(lambda one: one.power_dbm, "power_dbm")
