"""A form of coordinates as arrays and a JSON-ready record, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.coordinates.form import CoordinateForm
from models.coordinates.trace import SNAP_ORDER, TraceForm
from models.errors import ModelFolderError
from models.stored_arrays import Arrays, ArrayTaker

_MOST_TRACES = 32
_MOST_BINS = 4096
_MOST_PARTS = 32
_NUMBERS = ("delay_s", "turns_at_middle")


def form_record(form: CoordinateForm) -> dict[str, Any]:
    """Return all of a form that is no array."""
    return {
        "band_hz": list(form.band_hz),
        "bin_count": form.bin_count,
        "traces": [
            {
                "name": name,
                "delay_s": trace.delay_s,
                "logarithmic": trace.logarithmic,
                "turns_at_middle": trace.turns_at_middle,
                "gates": list(trace.gates),
                "windows": [list(window) for window in trace.windows],
            }
            for name, trace in form.traces.items()
        ],
    }


def form_arrays(form: CoordinateForm) -> Arrays:
    """Return all arrays of a form by name."""
    arrays: Arrays = {}
    for index, trace in enumerate(form.traces.values()):
        arrays[f"trace.{index}.kept"] = trace.kept.astype(np.uint8)
        arrays[f"trace.{index}.ripple"] = trace.ripple.astype(np.float32)
        arrays[f"trace.{index}.snaps"] = trace.snaps
        arrays[f"trace.{index}.snap_range"] = trace.snap_range
    return arrays


def form_of(record: Mapping[str, Any], taker: ArrayTaker) -> CoordinateForm:
    """Rebuild a form from its record and arrays."""
    bins = int(record["bin_count"])
    traces = {}
    for index, each in enumerate(record["traces"]):
        gates = tuple(int(gate) for gate in each["gates"])
        traces[str(each["name"])] = TraceForm(
            delay_s=float(each["delay_s"]),
            logarithmic=bool(each["logarithmic"]),
            kept=taker.take(f"trace.{index}.kept", (bins,)) > 0.5,
            turns_at_middle=float(each["turns_at_middle"]),
            ripple=taker.take(f"trace.{index}.ripple", (bins // 2 + 1,)),
            gates=gates,
            snaps=taker.take(f"trace.{index}.snaps", (len(gates), SNAP_ORDER + 1)),
            snap_range=taker.take(f"trace.{index}.snap_range", (len(gates), 2)),
            windows=tuple((int(low), int(high)) for low, high in each["windows"]),
        )
    start, stop = record["band_hz"]
    return CoordinateForm(
        band_hz=(float(start), float(stop)), bin_count=bins, traces=traces
    )


def check_form(record: Mapping[str, Any], owner: str) -> None:
    """Refuse a form of coordinates that no training gives.

    Parameters
    ----------
    owner
        Whose it is, for the sentence of a refusal.

    Raises
    ------
    ModelFolderError
        If a size is out of bounds or a number is not finite.
    """
    absurd = (
        not 1 <= len(record["traces"]) <= _MOST_TRACES
        or not 2 <= int(record["bin_count"]) <= _MOST_BINS
        or any(
            len(each["gates"]) > _MOST_PARTS or len(each["windows"]) > _MOST_PARTS
            for each in record["traces"]
        )
        or any(
            not 0 <= int(low) < int(high) <= int(record["bin_count"])
            for each in record["traces"]
            for low, high in each["windows"]
        )
        or any(
            not 0 <= int(gate) < int(record["bin_count"])
            for each in record["traces"]
            for gate in each["gates"]
        )
    )
    if absurd:
        raise ModelFolderError(f"{owner}: a size is out of bounds")
    numbers = [
        *record["band_hz"],
        *(each[name] for each in record["traces"] for name in _NUMBERS),
    ]
    if not np.isfinite(np.array(numbers, dtype=np.float64)).all():
        raise ModelFolderError(f"{owner}: a number is not finite")
