"""Who measured, and with which calibration."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentIdentity:
    """The instrument as its ``*IDN?`` tells it, and its calibration.

    Attributes
    ----------
    vendor, model, serial, firmware
        The four fields of ``*IDN?``.
    calibration
        Name of the calibration state in use, if any.
    """

    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    calibration: str | None = None
