"""Judges a sweep that is not stored."""

import hashlib

from instruments.measurement import Sweep
from models.diagnosis import Diagnosis
from service.operations.judging import ReferenceShelf
from service.operations.panel import Panel
from service.storage.engine import Database
from service.storage.records import SweepRecord


def judge_unstored(
    database: Database, panel: Panel, references: ReferenceShelf, sweep: Sweep
) -> Diagnosis:
    """Judge a sweep against the stored reference that would be its own.

    Complex128 traces are rounded to complex64 first, as storing would do.
    """
    with database.read() as transaction:
        reference_id, reference = references.find(transaction, _as_if_stored(sweep))
    judge = panel.live_for(sweep.cavity)
    return judge.diagnose(sweep.to_complex64(), reference, reference_id)


def _as_if_stored(sweep: Sweep) -> SweepRecord:
    return SweepRecord(
        sweep_id="",
        key="",
        content_hash="",
        cavity=sweep.cavity,
        purpose=sweep.purpose,
        measured_at=sweep.measured_at,
        received_at=sweep.measured_at,
        is_reference=sweep.is_reference,
        thermal_cycle=sweep.thermal_cycle,
        s_parameters=tuple(sorted(sweep.traces)),
        point_count=sweep.point_count,
        start_frequency_hz=float(sweep.frequency_hz[0]),
        stop_frequency_hz=float(sweep.frequency_hz[-1]),
        axis_hash=hashlib.sha256(sweep.frequency_hz.data).hexdigest(),
        flags=sweep.flags,
        details={},
    )
