"""Axis and traces off the wire, and refused where they cannot be true."""

import numpy as np

from instruments.errors import GarbledReplyError, ScpiError
from instruments.measurement import FrequencyAxis, SweepPlan, TraceArray
from instruments.scpi import decode_complex, decode_reals, parse_error_entry
from instruments.transport import Wire
from instruments.vna.commands import trace_name
from instruments.vna.dialect import Dialect
from instruments.vna.readback import check_axis

_MAX_ERRORS = 50
_LARGEST_MAGNITUDE = 1e9


def read_axis(wire: Wire, dialect: Dialect, plan: SweepPlan) -> FrequencyAxis:
    """Read the axis that was really swept.

    Returns
    -------
    FrequencyAxis
        In Hz, shape (point,).

    Raises
    ------
    GarbledReplyError
        If it has another number of points, or holds what is no number.
    SettingRefusedError
        If it does not run from the plan's start to its stop.
    """
    axis = decode_reals(wire.query_block(dialect.axis_query), plan.point_count)
    check_axis(axis, plan)
    return axis


def read_trace(
    wire: Wire, dialect: Dialect, s_parameter: str, point_count: int
) -> TraceArray:
    """Read one trace.

    Returns
    -------
    TraceArray
        Complex64, shape (point,): the receivers resolve fewer digits than it has.

    Raises
    ------
    GarbledReplyError
        If the length differs, or the numbers are no S-parameter.
    """
    query = dialect.data_query.format(name=trace_name(s_parameter))
    samples = decode_complex(wire.query_block(query), point_count)
    largest = float(np.abs(samples).max())
    if largest > _LARGEST_MAGNITUDE:
        raise GarbledReplyError(
            f"{s_parameter} holds {largest:.3g}, which is no S-parameter"
        )
    return samples.astype(np.complex64)


def drain_errors(wire: Wire, dialect: Dialect) -> list[str]:
    """Empty the error queue.

    Returns
    -------
    list of str
        Its entries, oldest first.

    Raises
    ------
    ScpiError
        If the queue still holds something after 50 entries.
    """
    entries: list[str] = []
    for _ in range(_MAX_ERRORS):
        entry = parse_error_entry(wire.query(dialect.error_query))
        if entry.error_code == 0:
            return entries
        entries.append(str(entry))
    raise ScpiError(f"the error queue never empties; it ends with {entries[-1]}")
