"""Lake Shore 336 and 372 (thermometers), 425 and 475 (gaussmeters).

Sources: Lake Shore user's manuals, chapter 6: 336 and 372 (KRDG?, RDGST?), 425 and 475
(RDGFIELD?, UNIT?).
"""

from instruments.errors import GarbledReplyError
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

_STATUS_336 = (
    "invalid reading",
    None,
    None,
    None,
    "temperature under range",
    "temperature over range",
    "sensor reads zero",
    "sensor over range",
)
_TESLA_PER_UNIT = {1: 1e-4, 2: 1.0}
_LARGEST_FIELD_TESLA = 35.0


def read_372_k(wire: Wire, channel: str) -> float:
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
    return _read_temperature_k(wire, channel, _STATUS_372)


def read_336_k(wire: Wire, channel: str) -> float:
    """Read one input of a 336, as ``read_372_k``."""
    return _read_temperature_k(wire, channel, _STATUS_336)


def _read_temperature_k(
    wire: Wire, channel: str, meanings: tuple[str | None, ...]
) -> float:
    status = parse_integer(wire.query(f"RDGST? {channel}"))
    if not 0 <= status < 256:
        raise GarbledReplyError(f"{status} is no reading status")
    faults = [text for bit, text in enumerate(meanings) if text and status >> bit & 1]
    if faults:
        raise SensorStatusError(f"input {channel}: {', '.join(faults)}")
    temperature_k = parse_number(wire.query(f"KRDG? {channel}"))
    if temperature_k <= 0.0:
        raise SensorStatusError(
            f"input {channel}: reads {temperature_k:g} K; it has no valid curve"
        )
    return temperature_k


def read_field_tesla(wire: Wire, channel: str) -> float:
    """Read the field of a 425 or 475, whatever unit its display shows.

    Returns
    -------
    float
        Flux density in T.

    Raises
    ------
    SensorStatusError
        If the probe is missing or overloaded, or the display shows H instead of B.
    """
    del channel  # a gaussmeter has one probe
    unit = parse_integer(wire.query("UNIT?"))
    if unit not in _TESLA_PER_UNIT:
        raise SensorStatusError("the display shows no flux density; set UNIT 2 (tesla)")
    reply = wire.query("RDGFIELD?")
    try:
        field_tesla = parse_number(reply) * _TESLA_PER_UNIT[unit]
    except GarbledReplyError:
        raise SensorStatusError(f"the probe reads {reply.strip()[:40]!r}") from None
    if abs(field_tesla) > _LARGEST_FIELD_TESLA:
        raise SensorStatusError(f"the probe is overloaded ({field_tesla:g} T)")
    return field_tesla
