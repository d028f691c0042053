"""Segment tables: in one list (Keysight), in one row (ENA), or one by one (R&S)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import write_truth
from instruments.simulation.vna.model import Verb
from instruments.simulation.vna.settings import MAX_SEGMENTS, Limits, Segment

_LIST_FIELDS = range(4, 8)
_NO_FLAGS = ("0", "0", "0", "0")


def _replace(vna: EmulatedVna, channel: Channel, segments: list[Segment]) -> None:
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


def _checked(limits: Limits, segment: Segment) -> Segment:
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


def _numbers(call: Call) -> list[float]:
    values = []
    while len(call.arguments):
        values.append(call.arguments.number(-1e15, 1e15))
    return values


def _set_list(vna: EmulatedVna, call: Call) -> None:
    if vna.format.bit_count:
        # The table comes as a block then, as everything does.
        raise ScpiFault(-161, "Invalid block data", "FORM is REAL")
    call.arguments.choice("SSTOP")
    count = call.arguments.integer(0, MAX_SEGMENTS)
    values = _numbers(call)
    fields = len(values) // count if count else 0
    if len(values) != fields * count or (count and fields not in _LIST_FIELDS):
        raise ScpiFault(-109, "Missing parameter", f"{len(values)} for {count}")
    rows = [values[start : start + fields] for start in range(0, len(values), fields)]
    channel = vna.channel_of(call)
    segments = [_from_list(vna, call, row) for row in rows]
    _replace(vna, channel, segments)


def _from_list(vna: EmulatedVna, call: Call, row: Sequence[float]) -> Segment:
    own_bandwidth = _is_on(vna, call, "bandwidth") and len(row) > 4
    own_power = _is_on(vna, call, "power") and len(row) > 6
    return _checked(
        vna.model.limits,
        Segment(
            start_hz=row[2],
            stop_hz=row[3],
            point_count=round(row[1]),
            if_bandwidth_hz=row[4] if own_bandwidth else None,
            power_dbm=row[6] if own_power else None,
            is_on=bool(row[0]),
        ),
    )


def _list(vna: EmulatedVna, call: Call) -> str:
    stimulus = vna.channel_of(call).stimulus
    number = vna.model.text.number
    cells: list[str] = []
    for one in stimulus.segments:
        power_dbm = stimulus.power_dbm if one.power_dbm is None else one.power_dbm
        values = (
            float(one.is_on), one.point_count, one.start_hz, one.stop_hz,
            one.if_bandwidth_hz or stimulus.if_bandwidth_hz, 0.0, power_dbm,
        )  # fmt: skip
        cells += [number(value) for value in values]
    return ",".join(cells)


LIST = Verb(_list, _set_list)
"""``SENS#:SEGM:LIST SSTOP,n,...`` of Keysight's PNA family."""


def _is_on(vna: EmulatedVna, call: Call, what: str) -> bool:
    return vna.settings.get(("segment", what, call.suffixes[0]), "0") == "1"


def own_control(what: str) -> Verb:
    """Return the switch that lets segments have their own bandwidth or power."""

    def query(vna: EmulatedVna, call: Call) -> str:
        return write_truth(_is_on(vna, call, what))

    def command(vna: EmulatedVna, call: Call) -> None:
        key = ("segment", what, call.suffixes[0])
        vna.settings[key] = write_truth(call.arguments.truth())

    return Verb(query, command)


def _set_data(vna: EmulatedVna, call: Call) -> None:
    if call.arguments.integer(0, 9) != 5:
        raise ScpiFault(-224, "Illegal parameter value", "the table begins with 5")
    is_center, *flags = (call.arguments.integer(0, 1) for _ in range(5))
    count = call.arguments.integer(1, MAX_SEGMENTS)
    values = _numbers(call)
    fields = 3 + sum(flags)
    if len(values) != fields * count:
        raise ScpiFault(-109, "Missing parameter", f"{len(values)} for {count}")
    segments = [
        _from_data(vna, values[start : start + fields], bool(is_center), flags)
        for start in range(0, len(values), fields)
    ]
    channel = vna.channel_of(call)
    _replace(vna, channel, segments)
    vna.settings["segment data", call.suffixes[0]] = ",".join(map(str, flags))


def _from_data(
    vna: EmulatedVna, row: Sequence[float], is_center: bool, flags: Sequence[int]
) -> Segment:
    start_hz, stop_hz = row[0], row[1]
    if is_center:
        start_hz, stop_hz = row[0] - row[1] / 2, row[0] + row[1] / 2
    further = iter(row[3:])
    bandwidth_hz, power_dbm, _, _ = (next(further) if on else None for on in flags)
    return _checked(
        vna.model.limits,
        Segment(
            start_hz=start_hz,
            stop_hz=stop_hz,
            point_count=round(row[2]),
            if_bandwidth_hz=bandwidth_hz,
            power_dbm=power_dbm,
        ),
    )


def _data(vna: EmulatedVna, call: Call) -> str:
    stimulus = vna.channel_of(call).stimulus
    written = vna.settings.get(("segment data", call.suffixes[0]))
    flags = _NO_FLAGS if written is None else tuple(written.split(","))
    number, integer = vna.model.text.number, vna.model.text.integer
    cells = [integer(5), integer(0), *flags, integer(len(stimulus.segments))]
    for one in stimulus.segments:
        cells += [number(one.start_hz), number(one.stop_hz), integer(one.point_count)]
        further = (
            one.if_bandwidth_hz or stimulus.if_bandwidth_hz,
            stimulus.power_dbm if one.power_dbm is None else one.power_dbm,
            0.0,
            0.0,
        )
        cells += [
            number(value)
            for value, flag in zip(further, flags, strict=True)
            if flag == "1"
        ]
    return ",".join(cells)


DATA = Verb(_data, _set_data)
"""``SENS#:SEGM:DATA 5,...`` of the ENA family."""


def _add(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    segments = list(channel.stimulus.segments)
    limits = vna.model.limits
    lowest_hz = segments[-1].stop_hz if segments else limits.lowest_frequency_hz
    place = min(call.suffixes[1], len(segments) + 1)
    new = Segment(
        start_hz=lowest_hz, stop_hz=limits.highest_frequency_hz, point_count=51
    )
    _replace(vna, channel, [*segments[: place - 1], new, *segments[place - 1 :]])


ADD = Verb(command=_add)


def _delete_all(vna: EmulatedVna, call: Call) -> None:
    _replace(vna, vna.channel_of(call), [])


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
        segments[call.suffixes[1] - 1] = _checked(vna.model.limits, changed)
        _replace(vna, channel, segments)

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
