"""What a sweep, a plan and a reading must hold, one check a field."""

import math
from collections.abc import Mapping
from datetime import datetime
from weakref import WeakValueDictionary

import numpy as np

from instruments.measurement.arrays import FrequencyAxis, TraceArray
from instruments.measurement.errors import MeasurementError
from instruments.measurement.limits import (
    IDENTIFIER,
    MAX_CONDITION_COUNT,
    MAX_POINT_COUNT,
    MAX_TEXT_LENGTH,
    MAX_TRACE_COUNT,
    TRACE_NAME,
)
from instruments.measurement.units import UNIT_SUFFIXES, has_unit_suffix

_PARTS = {"F": np.float32, "D": np.float64}
"""Character of a complex type to the type of its real and imaginary parts."""

_sound_axes: WeakValueDictionary[int, FrequencyAxis] = WeakValueDictionary()
"""Axes that were checked and cannot change since, by their identity."""


def check_frequency_axis(frequency_hz: FrequencyAxis) -> FrequencyAxis:
    """Return the axis as contiguous float64, or say what is wrong with it.

    An axis that owns its numbers and cannot be written to is checked once: all sweeps
    of a plan may share it.

    Parameters
    ----------
    frequency_hz
        Frequency axis in Hz, shape (point,).

    Returns
    -------
    FrequencyAxis
        The same values, contiguous, shape (point,).

    Raises
    ------
    MeasurementError
        If the axis is empty, too long, not one-dimensional, not finite, not
        positive or not strictly rising.
    """
    if _sound_axes.get(id(frequency_hz)) is frequency_hz and _is_frozen(frequency_hz):
        return frequency_hz
    axis = np.ascontiguousarray(frequency_hz, dtype=np.float64)
    _check_axis(axis)
    if _is_frozen(axis):
        _sound_axes[id(axis)] = axis
    return axis


def _is_frozen(values: FrequencyAxis) -> bool:
    return values.flags.owndata and not values.flags.writeable


def _check_axis(axis: FrequencyAxis) -> None:
    if axis.ndim != 1 or axis.size == 0:
        raise MeasurementError(
            "frequency_hz", f"has shape {axis.shape}, needs one axis of points"
        )
    if axis.size > MAX_POINT_COUNT:
        raise MeasurementError(
            "frequency_hz",
            f"has {axis.size} points, at most {MAX_POINT_COUNT} are taken",
        )
    if not np.isfinite(axis).all():
        raise MeasurementError("frequency_hz", "holds NaN or infinity")
    if axis[0] < 0.0:
        raise MeasurementError("frequency_hz", "starts below 0 Hz")
    if axis.size > 1 and not (axis[1:] > axis[:-1]).all():
        at = int(np.argmax(axis[1:] <= axis[:-1])) + 1
        raise MeasurementError(
            "frequency_hz",
            f"must rise strictly, but point {at} is not above point {at - 1}",
        )


def check_traces(
    traces: Mapping[str, TraceArray], point_count: int
) -> dict[str, TraceArray]:
    """Return contiguous complex traces of the axis's length.

    Raises
    ------
    MeasurementError
        If there are none or too many, or one has a wrong name, type, length or value.
    """
    if not traces:
        raise MeasurementError("traces", "holds no trace")
    if len(traces) > MAX_TRACE_COUNT:
        raise MeasurementError(
            "traces", f"holds {len(traces)} traces, at most {MAX_TRACE_COUNT} are taken"
        )
    checked: dict[str, TraceArray] = {}
    for name, values in traces.items():
        check_trace_name("traces", name)
        parts = _PARTS.get(values.dtype.char) if values.dtype.isnative else None
        if parts is None:
            raise MeasurementError(
                f"traces.{name}", f"is {values.dtype}, needs complex64 or complex128"
            )
        trace = _contiguous(values)
        if trace.shape != (point_count,):
            raise MeasurementError(
                f"traces.{name}",
                f"has shape {trace.shape}, but the axis has {point_count} points",
            )
        if not np.isfinite(trace.view(parts)).all():
            raise MeasurementError(f"traces.{name}", "holds NaN or infinity")
        if parts is np.float64:
            largest = np.abs(trace.view(np.float64)).max()
            if largest > np.finfo(np.float32).max:
                raise MeasurementError(
                    f"traces.{name}", f"holds {largest:.3g}, which is no S-parameter"
                )
        checked[name] = trace
    return checked


def _contiguous(values: TraceArray) -> TraceArray:
    return values if values.flags.c_contiguous else values.copy()


def check_conditions(conditions: Mapping[str, float]) -> dict[str, float]:
    """Return the conditions as finite numbers whose names carry their unit.

    Raises
    ------
    MeasurementError
        If there are too many, or one has no unit or no finite value.
    """
    if len(conditions) > MAX_CONDITION_COUNT:
        raise MeasurementError(
            "conditions", f"holds {len(conditions)}, at most {MAX_CONDITION_COUNT}"
        )
    checked: dict[str, float] = {}
    for name, value in conditions.items():
        check_quantity_name("conditions", name)
        if not math.isfinite(value):
            raise MeasurementError(f"conditions.{name}", "must be a finite number")
        checked[name] = float(value)
    return checked


def check_quantity_name(field_name: str, name: str) -> None:
    """Refuse a quantity whose name does not carry its unit.

    Raises
    ------
    MeasurementError
        If the name has no unit suffix, or is no identifier.
    """
    if not IDENTIFIER.fullmatch(name) or not has_unit_suffix(name):
        raise MeasurementError(
            field_name,
            f"{name[:64]!r} must be a name that ends in its unit, one of "
            f"{' '.join(UNIT_SUFFIXES)}",
        )


def check_identifier(field_name: str, value: str) -> None:
    """Refuse what is no name of a cavity or an instrument.

    Raises
    ------
    MeasurementError
        If it is empty, too long or holds other characters.
    """
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise MeasurementError(
            field_name,
            f"{str(value)[:64]!r} must be 1 to 64 letters, digits, dots, dashes or "
            "underscores and start with a letter or digit",
        )


def check_trace_name(field_name: str, name: str) -> None:
    """Refuse what is no S-parameter, with or without a path.

    Raises
    ------
    MeasurementError
        If it is neither ``S11`` to ``S44`` nor one of them with a path.
    """
    if not isinstance(name, str) or not TRACE_NAME.fullmatch(name):
        raise MeasurementError(
            field_name,
            f"{str(name)[:64]!r} is no trace name: S11 to S44, with the path after a "
            "colon where ports are shared",
        )


def check_text(field_name: str, value: str | None) -> None:
    """Refuse a free text that is empty or too long; None is no text.

    Raises
    ------
    MeasurementError
        If it is no text of 1 to 200 characters.
    """
    if value is not None and not (
        isinstance(value, str) and 0 < len(value) <= MAX_TEXT_LENGTH
    ):
        raise MeasurementError(
            field_name, f"must be a text of 1 to {MAX_TEXT_LENGTH} characters"
        )


def check_time(field_name: str, value: datetime) -> None:
    """Refuse a time without a zone.

    Raises
    ------
    MeasurementError
        If it is no time, or has no zone.
    """
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise MeasurementError(
            field_name, "needs a time zone, for instance 2026-01-31T03:00:00Z"
        )
