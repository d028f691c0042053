"""Segment tables that come whole: in a list (Keysight PNA), in a row (ENA)."""

from collections.abc import Sequence

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import write_truth
from instruments.simulation.vna.model import Verb
from instruments.simulation.vna.settings import MAX_SEGMENTS, Segment
from instruments.simulation.vna.verbs.segments import checked, replace_table

_LIST_FIELDS = range(4, 8)
_NO_FLAGS = ("0", "0", "0", "0")


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
    replace_table(vna, channel, segments)


def _from_list(vna: EmulatedVna, call: Call, row: Sequence[float]) -> Segment:
    own_bandwidth = _is_on(vna, call, "bandwidth") and len(row) > 4
    own_power = _is_on(vna, call, "power") and len(row) > 6
    return checked(
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


def _own_control(what: str) -> Verb:
    """Return the switch that lets segments have their own bandwidth or power."""

    def query(vna: EmulatedVna, call: Call) -> str:
        return write_truth(_is_on(vna, call, what))

    def command(vna: EmulatedVna, call: Call) -> None:
        key = ("segment", what, call.suffixes[0])
        vna.settings[key] = write_truth(call.arguments.truth())

    return Verb(query, command)


OWN_BANDWIDTHS = _own_control("bandwidth")
OWN_POWERS = _own_control("power")


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
    replace_table(vna, channel, segments)
    vna.settings["segment data", call.suffixes[0]] = ",".join(map(str, flags))


def _from_data(
    vna: EmulatedVna, row: Sequence[float], is_center: bool, flags: Sequence[int]
) -> Segment:
    start_hz, stop_hz = row[0], row[1]
    if is_center:
        start_hz, stop_hz = row[0] - row[1] / 2, row[0] + row[1] / 2
    further = iter(row[3:])
    bandwidth_hz, power_dbm, _, _ = (next(further) if on else None for on in flags)
    return checked(
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
