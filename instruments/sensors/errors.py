"""What a sensor says instead of a number."""

from instruments.errors import InstrumentError


class SensorStatusError(InstrumentError):
    """The instrument answers, but its sensor gives no valid reading."""
