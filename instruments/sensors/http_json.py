"""Numbers in a JSON document behind an HTTP address, for instance a tuning rod's."""

import json
import math
from typing import Any

from instruments.errors import GarbledReplyError
from instruments.sensors.errors import SensorStatusError
from instruments.transport import Wire


def read_number(wire: Wire, channel: str) -> float:
    """Read one number of the document.

    Parameters
    ----------
    channel
        Keys that lead to it, joined by dots (``rod.position``).

    Raises
    ------
    SensorStatusError
        If the document has null in its place.
    GarbledReplyError
        If the document is none, or has no number there.
    """
    try:
        value: Any = json.loads(wire.query(""))
    except (ValueError, RecursionError):
        raise GarbledReplyError("the reply is no JSON document") from None
    for key in channel.split("."):
        if not isinstance(value, dict) or key not in value:
            raise GarbledReplyError(f"the document has no {channel}")
        value = value[key]
    if value is None:
        raise SensorStatusError(f"{channel} is null")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise GarbledReplyError(f"{channel} is no number but {value!r:.40}")
    return float(value)
