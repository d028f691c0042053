"""The reading: one scalar from a thermometer, a gaussmeter or another sensor."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from instruments.measurement.checks import check_quantity_name
from instruments.measurement.errors import MeasurementError
from instruments.measurement.limits import IDENTIFIER


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One scalar at one time.

    Attributes
    ----------
    name
        What was read, ending in its unit (``mixing_chamber_temperature_k``).
    value
        The number, in the unit that the name ends in.
    measured_at
        When, aware; kept in UTC.
    cavity
        The cavity that it belongs to; None for the whole array.
    source
        The instrument that read it.
    """

    name: str
    value: float
    measured_at: datetime
    cavity: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is not a reading, naming the field."""
        check_quantity_name("name", self.name)
        if not isinstance(self.value, int | float) or not math.isfinite(self.value):
            raise MeasurementError("value", "must be a finite number")
        if self.measured_at.tzinfo is None:
            raise MeasurementError(
                "measured_at", "needs a time zone, for instance 2026-01-31T03:00:00Z"
            )
        object.__setattr__(self, "measured_at", self.measured_at.astimezone(UTC))
        for name in ("cavity", "source"):
            value = getattr(self, name)
            if value is not None and not IDENTIFIER.fullmatch(value):
                raise MeasurementError(name, f"{value[:64]!r} is no identifier")
