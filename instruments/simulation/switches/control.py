"""What the control port may do to an emulated box of switches."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from instruments.simulation.faults import FaultRefusedError
from instruments.simulation.switches.box import BoxFaults, SwitchBox

_LISTS = {"stuck": "stuck", "misreported": "misreported"}
_FLAGS = {"silent": "is_silent", "garbled": "is_garbled"}
_TIMES = {"reply_delay_s": "reply_delay_s", "travel_time_s": "travel_time_s"}
_KNOWN = {"switch", "well", "move", *_LISTS, *_FLAGS, *_TIMES}
_LONGEST_S = 600.0


def answer_switch(
    boxes: Mapping[str, SwitchBox], request: Mapping[str, Any]
) -> dict[str, Any]:
    """Change what is wrong with a box, move its elements, and tell how it stands.

    Parameters
    ----------
    boxes
        Switch to its relays.
    request
        ``switch``, and any of ``well`` (true: nothing is wrong any more), ``stuck``
        and ``misreported`` (lists of elements), ``silent``, ``garbled`` (true or
        false), ``reply_delay_s``, ``travel_time_s``, and ``move`` (element to
        position, as if by hand).

    Raises
    ------
    FaultRefusedError
        If the request names what is not there; nothing has changed then.
    """
    for key in request:
        if key not in _KNOWN:
            raise FaultRefusedError(f"{str(key)[:40]!r} is not known for a switch")
    name = str(request["switch"])
    if name not in boxes:
        known = ", ".join(boxes) or "none"
        raise FaultRefusedError(f"{name[:40]} is no switch; there are {known}")
    box = boxes[name]
    changes = _changes(box, request)
    moves = _moves(box, request.get("move", {}))
    box.faults = replace(BoxFaults() if request.get("well") else box.faults, **changes)
    for element, position in moves.items():
        box.move(element, position)
    return {
        "positions": {element: box.position(element) for element in box.elements},
        "actuation_counts": {element: box.count(element) for element in box.elements},
    }


def _changes(box: SwitchBox, request: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for key in request:
        value = request[key]
        if key in _LISTS:
            if not isinstance(value, list) or not set(map(str, value)) <= set(
                box.elements
            ):
                known = ", ".join(box.elements)
                raise FaultRefusedError(f"{key} takes a list of {known}")
            changes[_LISTS[key]] = frozenset(map(str, value))
        elif key in _FLAGS:
            if not isinstance(value, bool):
                raise FaultRefusedError(f"{key} takes true or false")
            changes[_FLAGS[key]] = value
        elif key in _TIMES:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not 0.0 <= value <= _LONGEST_S:
                raise FaultRefusedError(f"{key} takes 0 to {_LONGEST_S:g} s")
            changes[_TIMES[key]] = float(value)
    return changes


def _moves(box: SwitchBox, wanted: Any) -> dict[str, str]:
    if not isinstance(wanted, dict):
        raise FaultRefusedError("move takes elements, each with its position")
    moves = {str(element): str(position) for element, position in wanted.items()}
    for element, position in moves.items():
        if element not in box.elements:
            known = ", ".join(box.elements)
            raise FaultRefusedError(f"{element} is no element; there are {known}")
        if position not in box.positions_of(element):
            known = ", ".join(box.positions_of(element))
            raise FaultRefusedError(
                f"{element} has no position {position}, but {known}"
            )
    return moves
