"""Lake Shore 372 (resistance bridge) and 475 (gaussmeter), as their manuals say.

Sources: Lake Shore 372 user's manual, chapter 6 (RDGK?, RDGST?); 475 user's manual,
chapter 6 (RDGFIELD?, UNIT?).
"""

from collections.abc import Callable, Mapping

from instruments.errors import GarbledReplyError
from instruments.measurement import InstrumentIdentity
from instruments.scpi import parse_integer, parse_number
from instruments.sensors.errors import SensorStatusError
from instruments.transport import Wire

_STATUS_372 = (
    "current source overload",
    "common-mode overload",
    "mixer overload",
    "differential overload",
    "resistance over range",
    "resistance under range",
    "temperature over range",
    "temperature under range",
)

_TESLA_PER_UNIT_475 = {1: 1e-4, 2: 1.0}
_LARGEST_FIELD_TESLA = 35.0


def read_temperature_k(wire: Wire, channel: str) -> float:
    """Read one input of a 372.

    Returns
    -------
    float
        Temperature in K, above 0.

    Raises
    ------
    SensorStatusError
        If the input reports an overload or a range error, or reads no temperature.
    """
    status = parse_integer(wire.query(f"RDGST? {channel}"))
    if not 0 <= status < 256:
        raise GarbledReplyError(f"{status} is no reading status")
    faults = [text for bit, text in enumerate(_STATUS_372) if status >> bit & 1]
    if faults:
        raise SensorStatusError(f"input {channel}: {', '.join(faults)}")
    temperature_k = parse_number(wire.query(f"RDGK? {channel}"))
    if temperature_k <= 0.0:
        raise SensorStatusError(
            f"input {channel}: reads {temperature_k:g} K; it has no valid curve"
        )
    return temperature_k


def read_field_tesla(wire: Wire, channel: str) -> float:
    """Read the field of a 475, whatever unit its display shows.

    Returns
    -------
    float
        Flux density in T.

    Raises
    ------
    SensorStatusError
        If the probe is missing or overloaded, or the display shows H instead of B.
    """
    del channel  # a 475 has one probe
    unit = parse_integer(wire.query("UNIT?"))
    if unit not in _TESLA_PER_UNIT_475:
        raise SensorStatusError("the display shows no flux density; set UNIT 2 (tesla)")
    reply = wire.query("RDGFIELD?")
    try:
        field_tesla = parse_number(reply) * _TESLA_PER_UNIT_475[unit]
    except GarbledReplyError:
        raise SensorStatusError(f"the probe reads {reply.strip()[:40]!r}") from None
    if abs(field_tesla) > _LARGEST_FIELD_TESLA:
        raise SensorStatusError(f"the probe is overloaded ({field_tesla:g} T)")
    return field_tesla


READERS: Mapping[str, Callable[[Wire, str], float]] = {
    "lakeshore_372": read_temperature_k,
    "lakeshore_475": read_field_tesla,
}
"""Driver name of the array file to the function that reads one input."""


def check_model(driver: str, identity: InstrumentIdentity) -> bool:
    """Tell whether an identity fits a driver (``LSCI,MODEL372,...``)."""
    return driver.removeprefix("lakeshore_") in (identity.model or "")
