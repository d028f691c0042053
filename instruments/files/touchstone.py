"""Touchstone 1 files of one to four ports, read within bounds, and written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.errors import ForeignFileError
from instruments.files.text import read_text
from instruments.measurement import FrequencyAxis, MeasurementError, TraceArray
from instruments.measurement.checks import check_frequency_axis
from instruments.measurement.limits import (
    MAX_POINT_COUNT,
    MAX_PORT_COUNT,
)
from instruments.measurement.units import FREQUENCY_UNITS_HZ

_SUFFIX = re.compile(r"\.s([1-9][0-9]*)p$", re.IGNORECASE)
_NOT_MEASURED = "not measured, written as 0:"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TouchstoneTraces:
    """What a Touchstone file holds.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    traces
        S-parameter name to complex128 trace, each shape (point,).
    reference_ohm
        Reference impedance in ohm, as the option line states it.
    """

    frequency_hz: FrequencyAxis
    traces: Mapping[str, TraceArray]
    reference_ohm: float


@dataclass(slots=True)
class _Options:
    unit_hz: float = 1e9
    form: str = "MA"
    reference_ohm: float = 50.0


def is_touchstone_name(name: str) -> bool:
    """Tell whether a file name ends as Touchstone files do (.s1p, .s2p, ...)."""
    return _SUFFIX.search(name) is not None


def read_touchstone(source: Path | bytes, name: str | None = None) -> TouchstoneTraces:
    """Read a Touchstone 1 file; the number of ports comes from its name.

    Parameters
    ----------
    source
        Path of the file, or its bytes.
    name
        File name with its suffix; needed with bytes, else the path's own.

    Raises
    ------
    ForeignFileError
        If the file is too large, no Touchstone 1, has more than four ports, holds
        NaN or infinity, or its frequency does not rise.
    """
    shown = str(source) if name is None and isinstance(source, Path) else (name or "")
    port_count = _port_count(shown)
    options, text, missing = _split(read_text(source, shown), shown)
    columns = 1 + 2 * port_count**2
    table = _parse_numbers(text, columns, port_count, shown)
    try:
        axis = check_frequency_axis(table[:, 0] * options.unit_hz)
    except MeasurementError as error:
        raise ForeignFileError(f"{shown}: {error}") from None
    values = _to_complex(table[:, 1::2], table[:, 2::2], options.form)
    if not np.isfinite(values).all():
        raise ForeignFileError(f"{shown}: holds values that are no S-parameters")
    traces: dict[str, TraceArray] = {
        trace: np.ascontiguousarray(values[:, position])
        for position, trace in enumerate(_order(port_count))
        if trace not in missing
    }
    return TouchstoneTraces(
        frequency_hz=axis, traces=traces, reference_ohm=options.reference_ohm
    )


def format_touchstone(
    frequency_hz: FrequencyAxis, traces: Mapping[str, TraceArray]
) -> tuple[str, str]:
    """Write traces as Touchstone 1 in Hz and real/imaginary form.

    S-parameters of the matrix that were not measured are written as 0 and named in
    a comment, by which :func:`read_touchstone` leaves them out again.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    traces
        Plain S-parameter name to complex trace, each shape (point,).

    Returns
    -------
    suffix : str
        ``".s2p"`` and so on, by the highest port named.
    text : str
        Content of the file; numbers survive a round trip bit by bit.

    Raises
    ------
    MeasurementError
        If a trace name carries a path: Touchstone has one trace an S-parameter.
    """
    for trace in traces:
        if not re.fullmatch(r"S[1-4][1-4]", trace):
            raise MeasurementError(
                "traces", f"{trace!r} does not fit Touchstone; rename it to S11 ... S44"
            )
    port_count = max(int(digit) for trace in traces for digit in trace[1:])
    order = _order(port_count)
    missing = [trace for trace in order if trace not in traces]
    lines = ["! written by halowatch"]
    if missing:
        lines.append(f"! {_NOT_MEASURED} {' '.join(missing)}")
    lines.append("# Hz S RI R 50")
    zeros = np.zeros(frequency_hz.size, dtype=np.complex64)
    columns: list[npt.NDArray[Any]] = [frequency_hz]
    for trace in order:
        values = traces.get(trace, zeros)
        columns += [values.real, values.imag]
    lines += _rows(columns, port_count)
    return f".s{port_count}p", "\n".join(lines) + "\n"


def _rows(columns: list[npt.NDArray[Any]], port_count: int) -> list[str]:
    texts = [[_shortest(value) for value in column] for column in columns]
    width = 2 * port_count if port_count > 2 else 2 * port_count**2
    rows = []
    for point in zip(*texts, strict=True):
        parts = [
            " ".join(point[start : start + width])
            for start in range(1, len(point), width)
        ]
        rows.append(f"{point[0]} {parts[0]}")
        rows += [f"  {part}" for part in parts[1:]]
    return rows


def _shortest(value: np.floating) -> str:
    # The shortest text that reads back as the same number.
    return np.format_float_scientific(value, trim="-")


def _port_count(name: str) -> int:
    match = _SUFFIX.search(name)
    if match is None:
        raise ForeignFileError(
            f"{name or 'upload'}: a Touchstone name ends in .s1p to .s4p"
        )
    digits = match.group(1)
    if len(digits) > 2 or int(digits) > MAX_PORT_COUNT:
        raise ForeignFileError(
            f"{name}: names {digits[:12]} ports, at most {MAX_PORT_COUNT} are read"
        )
    return int(digits)


def _split(text: str, name: str) -> tuple[_Options, list[str], set[str]]:
    options: _Options | None = None
    missing: set[str] = set()
    lines: list[str] = []
    for raw in text.splitlines():
        line, _, comment = raw.partition("!")
        if _NOT_MEASURED in comment:
            missing |= set(comment.partition(_NOT_MEASURED)[2].split())
        line = line.strip()
        if line.startswith("["):
            raise ForeignFileError(f"{name}: is Touchstone 2; export it as version 1")
        if line.startswith("#"):
            options = options or _parse_options(line, name)
        elif line:
            lines.append(line)
    return options or _Options(), lines, missing


def _parse_options(line: str, name: str) -> _Options:
    options = _Options()
    words = line[1:].lower().split()
    while words:
        word = words.pop(0)
        if word in FREQUENCY_UNITS_HZ:
            options.unit_hz = FREQUENCY_UNITS_HZ[word]
        elif word in {"ri", "ma", "db"}:
            options.form = word.upper()
        elif word == "r" and words:
            options.reference_ohm = _impedance(words.pop(0), name)
        elif word != "s":
            raise ForeignFileError(
                f"{name}: the option line says {word[:20]!r}; only S-parameters in "
                "RI, MA or DB and Hz, kHz, MHz or GHz are read"
            )
    return options


def _impedance(word: str, name: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1e9:
        raise ForeignFileError(f"{name}: reference impedance {word[:20]!r} is none")
    return value


def _parse_numbers(
    lines: list[str], columns: int, port_count: int, name: str
) -> npt.NDArray[np.float64]:
    if port_count == 2:
        lines = _without_noise(lines)
    words = " ".join(lines).split()
    if not words:
        raise ForeignFileError(f"{name}: holds no whole points; save the file again")
    if len(words) % columns:
        raise ForeignFileError(
            f"{name}: {len(words)} words do not make whole points of {columns} numbers;"
            f" is it Touchstone of {port_count} ports, and was it copied whole?"
        )
    if len(words) // columns > MAX_POINT_COUNT:
        raise ForeignFileError(f"{name}: has more than {MAX_POINT_COUNT} points")
    try:
        table = np.array(words, dtype=np.float64)
    except ValueError as error:
        raise ForeignFileError(f"{name}: {str(error)[:80]}") from None
    if not np.isfinite(table).all():
        raise ForeignFileError(f"{name}: holds NaN or infinity")
    return table.reshape(-1, columns)


def _without_noise(lines: list[str]) -> list[str]:
    # Two-port files may end in noise parameters: five numbers a line.
    for position, line in enumerate(lines):
        if position and len(line.split()) == 5 and len(lines[0].split()) == 9:
            return lines[:position]
    return lines


def _order(port_count: int) -> list[str]:
    ports = range(1, port_count + 1)
    if port_count == 2:
        return ["S11", "S21", "S12", "S22"]
    return [f"S{row}{column}" for row in ports for column in ports]


def _to_complex(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], form: str
) -> npt.NDArray[np.complex128]:
    if form == "RI":
        return np.asarray(first + 1j * second)
    with np.errstate(over="ignore"):
        magnitude = 10.0 ** (first / 20.0) if form == "DB" else first
    return np.asarray(magnitude * np.exp(1j * np.deg2rad(second)))
