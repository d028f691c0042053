"""Truth flags: what the instrument layer knows against a sweep that it delivers."""

from collections.abc import Iterable
from enum import StrEnum

from instruments.measurement.errors import MeasurementError


class TruthFlag(StrEnum):
    """One reason not to take a sweep for what it seems to be."""

    POINT_COUNT = "point_count"
    """The VNA delivered another number of points than was asked for."""

    NOT_FINITE = "not_finite"
    """The VNA delivered NaN, infinity or its own mark for a missing point."""

    RF_OFF = "rf_off"
    """The source was off, or the trace is as empty as if it had been."""

    SPIKES = "spikes"
    """Points, mostly lone ones, hold values that no receiver puts out."""

    REPEATED_TRACE = "repeated_trace"
    """The samples are those of the sweep before, to the last bit."""

    AVERAGES_SHORT = "averages_short"
    """Fewer sweeps were averaged than was asked for."""

    REFERENCE_UNLOCKED = "reference_unlocked"
    """The VNA had lost its frequency reference."""

    SETTINGS_DRIFT = "settings_drift"
    """Settings that were read back are not those that were sent."""

    AXIS_MISMATCH = "axis_mismatch"
    """The axis that was read is not the one that was asked for."""

    UNEXPECTED_CAVITY = "unexpected_cavity"
    """The trace does not look like the cavity that it is said to be."""

    ROUTE_UNVERIFIED = "route_unverified"
    """The switch positions of the route were not read back."""

    LATE = "late"
    """The sweep began later than its schedule allows."""


DATA_CORRUPTING = frozenset(
    {
        TruthFlag.POINT_COUNT,
        TruthFlag.NOT_FINITE,
        TruthFlag.RF_OFF,
        TruthFlag.SPIKES,
        TruthFlag.REPEATED_TRACE,
        TruthFlag.UNEXPECTED_CAVITY,
    }
)
"""Flags of sweeps whose samples say nothing on the cavity that they are named after."""


def check_flags(flags: Iterable[str]) -> tuple[TruthFlag, ...]:
    """Return flags sorted and once each.

    Parameters
    ----------
    flags
        Truth flags, or their names.

    Raises
    ------
    MeasurementError
        If one is no truth flag.
    """
    if flags == ():
        return ()
    known = set()
    for name in flags:
        try:
            known.add(TruthFlag(name))
        except ValueError:
            raise MeasurementError(
                "flags",
                f"{str(name)[:40]!r} is no truth flag; known are {', '.join(_NAMES)}",
            ) from None
    return tuple(sorted(known))


_NAMES = tuple(flag.value for flag in TruthFlag)
