"""American Magnetics Model 430: field, current and voltage of a magnet supply.

Sources: AMI Model 430 manual, remote interface (``FIELD:MAG?``, ``FIELD:UNITS?``,
``CURR:MAG?``, ``QU?``); the greeting on port 7180 as other drivers expect it.
"""

from collections.abc import Mapping

from instruments.errors import GarbledReplyError
from instruments.scpi import parse_integer, parse_number
from instruments.sensors.errors import SensorStatusError
from instruments.transport import Wire

GREETING = "Hello"
"""In the last line that a new client is greeted with."""

_TESLA_PER_UNIT = {0: 0.1, 1: 1.0}
_QUESTIONS: Mapping[str, str] = {
    "field": "FIELD:MAG?",
    "target_field": "FIELD:TARG?",
    "current": "CURR:MAG?",
    "supply_current": "CURR:SUPP?",
    "supply_voltage": "VOLT:SUPP?",
}


def read_magnet(wire: Wire, channel: str) -> float:
    """Read one quantity of the supply.

    Parameters
    ----------
    channel
        ``field``, ``target_field`` (T), ``current``, ``supply_current`` (A) or
        ``supply_voltage`` (V).

    Raises
    ------
    SensorStatusError
        If the magnet has quenched: its estimates are void then.
    """
    if parse_integer(wire.query("QU?")) != 0:
        raise SensorStatusError("the magnet has quenched")
    value = parse_number(wire.query(_QUESTIONS[channel]))
    if not channel.endswith("field"):
        return value
    unit = parse_integer(wire.query("FIELD:UNITS?"))
    if unit not in _TESLA_PER_UNIT:
        raise GarbledReplyError(f"{unit} is no unit of the field")
    return value * _TESLA_PER_UNIT[unit]
