"""Text tables of one trace: frequency, real and imaginary part in columns."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from instruments.errors import ForeignFileError
from instruments.files.text import read_text
from instruments.measurement import FrequencyAxis, MeasurementError, TraceArray
from instruments.measurement.checks import check_frequency_axis
from instruments.measurement.limits import MAX_POINT_COUNT
from instruments.measurement.units import FREQUENCY_UNITS_HZ

COMMENT_MARKS = ("%", "#", "!")
"""A line that starts with one of these is header."""

_UNIT = re.compile(r"^(?:freq\S*\s*[\[(])?\s*(hz|khz|mhz|ghz)\b", re.IGNORECASE)
_TRACE = re.compile(r"\bS([1-4][1-4])\b", re.IGNORECASE)
_LARGEST_GHZ = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TraceTable:
    """One trace from a table.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    trace_name
        S-parameter that the header names, else ``S21``.
    trace
        Complex128, shape (point,).
    assumptions
        Sentences on what the file did not say.
    """

    frequency_hz: FrequencyAxis
    trace_name: str
    trace: TraceArray
    assumptions: tuple[str, ...]


def read_trace_table(source: Path | bytes, name: str | None = None) -> TraceTable:
    """Read a whitespace or comma separated table: frequency, real, imaginary.

    Further columns are left out. The unit of frequency and the trace name come from
    the header where it states them.

    Parameters
    ----------
    source
        Path of the file, or its bytes.
    name
        Name in error messages.

    Raises
    ------
    ForeignFileError
        If a line holds fewer than three numbers, anything is not finite, the
        frequency does not rise, or the file is too large.
    """
    shown = name or ("table" if isinstance(source, bytes) else str(source))
    header, rows = _split(read_text(source, shown), shown)
    try:
        table = np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise ForeignFileError(f"{shown}: {str(error)[:80]}") from None
    if not np.isfinite(table).all():
        raise ForeignFileError(f"{shown}: holds NaN or infinity")
    assumptions: list[str] = []
    unit_hz = _unit(header, table[:, 0], assumptions)
    trace_name = _trace_name(header, assumptions)
    try:
        axis = check_frequency_axis(table[:, 0] * unit_hz)
    except MeasurementError as error:
        raise ForeignFileError(f"{shown}: {error}") from None
    return TraceTable(
        frequency_hz=axis,
        trace_name=trace_name,
        trace=np.asarray(table[:, 1] + 1j * table[:, 2]),
        assumptions=tuple(assumptions),
    )


def _split(text: str, name: str) -> tuple[list[str], list[list[str]]]:
    header: list[str] = []
    rows: list[list[str]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith(COMMENT_MARKS):
            header.append(line.lstrip("%#! \t"))
        elif line:
            words = line.replace(",", " ").split()
            if len(words) < 3:
                raise ForeignFileError(
                    f"{name}: line {number} holds {len(words)} columns, needs "
                    "frequency, real and imaginary part"
                )
            rows.append(words[:3])
        if len(rows) > MAX_POINT_COUNT:
            raise ForeignFileError(f"{name}: has more than {MAX_POINT_COUNT} points")
    if not rows:
        raise ForeignFileError(f"{name}: holds no line of numbers")
    return header, rows


def _unit(header: list[str], axis: FrequencyAxis, assumptions: list[str]) -> float:
    for line in header:
        if match := _UNIT.match(line):
            return FREQUENCY_UNITS_HZ[match.group(1).lower()]
    if axis.max() < _LARGEST_GHZ:
        assumptions.append("no unit is stated; frequency is taken as GHz")
        return 1e9
    assumptions.append("no unit is stated; frequency is taken as Hz")
    return 1.0


def _trace_name(header: list[str], assumptions: list[str]) -> str:
    for line in header:
        if match := _TRACE.search(line):
            return f"S{match.group(1)}"
    assumptions.append("no S-parameter is named; the trace is taken as S21")
    return "S21"
