"""Axis and traces off the wire, and refused where they cannot be true."""

import numpy as np

from instruments.measurement import FrequencyAxis, SweepPlan, TraceArray
from instruments.scpi import (
    NOT_A_NUMBER,
    as_complex,
    decode_numbers,
    decode_reals,
    decode_triples,
)
from instruments.vna.commands import PlannedTrace
from instruments.vna.conversation import Conversation
from instruments.vna.sections import DataForm

_LARGEST_MAGNITUDE = 1e9
_AXIS_TOLERANCE_HZ = 2.0
_TEXT_DIGITS_TOLERANCE = 1e-5


def planned_axis(plan: SweepPlan) -> FrequencyAxis:
    """Return the axis that a plan asks for, in Hz, shape (point,)."""
    if not plan.segments:
        return np.linspace(
            plan.start_frequency_hz, plan.stop_frequency_hz, plan.point_count
        )
    return np.concatenate(
        [
            np.linspace(one.start_frequency_hz, one.stop_frequency_hz, one.point_count)
            for one in plan.segments
        ]
    )


def is_axis_of(axis: FrequencyAxis, plan: SweepPlan) -> bool:
    """Tell whether an axis is the plan's, within 2 Hz at every point."""
    return bool(np.abs(axis - planned_axis(plan)).max() <= _AXIS_TOLERANCE_HZ)


def read_axis(
    talk: Conversation, plan: SweepPlan, trace: PlannedTrace, form: DataForm
) -> FrequencyAxis:
    """Read the axis that was really swept.

    Returns
    -------
    FrequencyAxis
        In Hz, shape (point,).

    Raises
    ------
    UntrueDataError
        If it has another number of points, or holds what is no number.
    """
    query = trace.fill(talk.dialect.transfer.axis_query)
    axis = _read_numbers(talk, query, plan.point_count, form).copy()
    # All sweeps of the plan share it, and it is checked once.
    axis.setflags(write=False)
    return axis


def read_trace(
    talk: Conversation, trace: PlannedTrace, point_count: int, form: DataForm
) -> TraceArray:
    """Read one trace.

    Returns
    -------
    TraceArray
        Complex64, shape (point,): the receivers resolve fewer digits than it has.

    Raises
    ------
    UntrueDataError
        If the length differs, or the numbers are no S-parameter.
    """
    query = trace.fill(talk.dialect.transfer.data_query)
    parts = _read_numbers(talk, query, 2 * point_count, form, _LARGEST_MAGNITUDE)
    return as_complex(parts).astype(np.complex64)


def read_triples(
    talk: Conversation, plan: SweepPlan, trace: PlannedTrace
) -> tuple[FrequencyAxis, TraceArray]:
    """Read one trace with the axis that comes with it.

    The text rounds the axis to few digits. Where it is the plan's within that rounding,
    the plan's is returned.

    Returns
    -------
    tuple
        Axis in Hz, shape (point,); trace, complex64, shape (point,).

    Raises
    ------
    UntrueDataError
        If the length differs, or a number is none.
    """
    query = trace.fill(talk.dialect.transfer.data_query)
    table = decode_triples(talk.ask_text(query, 3 * plan.point_count), plan.point_count)
    axis, planned = table[:, 0], planned_axis(plan)
    is_planned = np.allclose(axis, planned, rtol=_TEXT_DIGITS_TOLERANCE, atol=0.0)
    samples = as_complex(np.ascontiguousarray(table[:, 1:]).reshape(-1))
    return (planned if is_planned else axis.copy()), samples.astype(np.complex64)


def _read_numbers(
    talk: Conversation,
    query: str,
    count: int,
    form: DataForm,
    limit: float = NOT_A_NUMBER,
) -> FrequencyAxis:
    if form is DataForm.BLOCK:
        return decode_reals(talk.ask_block(query, count), count, limit=limit)
    return decode_numbers(talk.ask_text(query, count), count, limit=limit)
