"""The traces of a stored sweep as people and programs ask for them."""

from typing import Any

import numpy as np

from instruments.files import format_touchstone
from instruments.measurement import MeasurementError, Sweep, TraceArray
from instruments.measurement.message import encode_sweeps
from instruments.measurement.times import format_time
from instruments.measurement.units import magnitude_to_db
from service.errors import ConflictError, NotFoundError
from service.operations.decimation import min_max_indices
from service.storage.engine import Database
from service.storage.records import SweepRecord
from service.storage.sweep_queries import get_sweep, load_sweep


def read_sweep(database: Database, sweep_id: str) -> tuple[SweepRecord, Sweep]:
    """Read a sweep with its samples.

    Raises
    ------
    NotFoundError
        If there is no such sweep.
    """
    with database.read() as transaction:
        record = get_sweep(transaction, sweep_id)
        if record is None:
            raise NotFoundError(f"no sweep {sweep_id!r}; GET /api/v1/sweeps lists them")
        return record, load_sweep(transaction, record)


def decimated_traces(sweep_id: str, sweep: Sweep, points: int) -> dict[str, Any]:
    """Return magnitude and phase of every trace on at most ``points`` points.

    Points are chosen by the extremes of the magnitudes in dB, so that no notch is
    lost. The phase is unwrapped over the whole sweep, then taken at those points.
    """
    names = sorted(sweep.traces)
    levels = {name: magnitude_to_db(np.abs(sweep.traces[name])) for name in names}
    chosen = min_max_indices([levels[name] for name in names], points)
    return _head(sweep_id, sweep) | {
        "frequency_hz": sweep.frequency_hz[chosen].tolist(),
        "traces": {
            name: {
                "magnitude_db": levels[name][chosen].tolist(),
                "phase_rad": np.unwrap(np.angle(sweep.traces[name]))[chosen].tolist(),
            }
            for name in names
        },
        "decimated": bool(chosen.size < sweep.point_count),
    }


def complex_traces(sweep_id: str, sweep: Sweep) -> dict[str, Any]:
    """Return real and imaginary part of every trace, all points."""
    return _head(sweep_id, sweep) | {
        "frequency_hz": sweep.frequency_hz.tolist(),
        "traces": {
            name: {"real": trace.real.tolist(), "imag": trace.imag.tolist()}
            for name, trace in sorted(sweep.traces.items())
        },
        "decimated": False,
    }


def sweep_message(sweep: Sweep) -> bytes:
    """Return the sweep as the msgpack message that would store it again."""
    return encode_sweeps([sweep])


def touchstone_file(sweep: Sweep) -> tuple[str, str]:
    """Return suffix and text of the sweep as a Touchstone file.

    Where one S-parameter was measured along several paths, the file holds the one
    without a path, else the first.

    Raises
    ------
    ConflictError
        If the traces do not fit into a Touchstone file.
    """
    plain: dict[str, TraceArray] = {}
    for name in sorted(sweep.traces):
        plain.setdefault(name.partition(":")[0], sweep.traces[name])
    try:
        return format_touchstone(sweep.frequency_hz, plain)
    except MeasurementError as error:
        raise ConflictError(str(error)) from None


def _head(sweep_id: str, sweep: Sweep) -> dict[str, Any]:
    return {
        "sweep_id": sweep_id,
        "cavity": sweep.cavity,
        "measured_at": format_time(sweep.measured_at),
        "purpose": sweep.purpose.value,
    }
