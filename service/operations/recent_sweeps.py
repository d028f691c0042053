"""What the last sweeps of a cavity add to a judgement: jumps, and taught intervals.

Runs in the transaction that stores the diagnosis. What was learnt stands in the
diagnoses themselves, for each cavity and model version, and outlives every worker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from instruments.measurement import SweepPurpose
from models.calibration.adaptive import AdaptiveState, stretched
from models.diagnosis import Diagnosis
from models.monitoring.jumps import LOOK_BACK, jump_of
from service.storage.diagnoses import recent_records
from service.storage.engine import Transaction
from service.storage.records import SweepRecord

_ADAPTED = {"temperature_k": True, "magnetic_field_tesla": False}
"""Targets that a reading may teach, and whether their distances are ratios."""


def compare_with_recent(
    transaction: Transaction, sweep: SweepRecord, diagnosis: Diagnosis
) -> Diagnosis:
    """Add the jump from the last sweeps, and let what labels taught widen intervals.

    Returns
    -------
    Diagnosis
        As it was where the sweep is narrow, or was compared with no reference.
    """
    if sweep.purpose is not SweepPurpose.WIDE or not diagnosis.signature:
        return diagnosis
    recent = recent_records(transaction, sweep, diagnosis.model_version, LOOK_BACK)
    diagnosis = replace(
        diagnosis, jump=jump_of(diagnosis.signature, _signatures(diagnosis, recent))
    )
    conditions: Mapping[str, Any] = sweep.details.get("conditions", {})
    return _adapted(diagnosis, recent, conditions)


def _signatures(
    diagnosis: Diagnosis, recent: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, list[float]]]:
    """Return those of sweeps that were compared with the same reference."""
    return [
        each["signature"]
        for each in recent
        if each.get("signature")
        and each.get("reference_sweep") == diagnosis.reference_sweep
    ]


def _adapted(
    diagnosis: Diagnosis,
    recent: Sequence[Mapping[str, Any]],
    conditions: Mapping[str, Any],
) -> Diagnosis:
    taught = [each["adaptive"] for each in recent if each.get("adaptive")]
    known: Mapping[str, Any] = taught[0] if taught else {}
    adaptive: dict[str, dict[str, Any]] = {}
    changes: dict[str, Any] = {}
    for name, logarithmic in _ADAPTED.items():
        state = (
            AdaptiveState.from_record(known[name]) if name in known else AdaptiveState()
        )
        estimate = stretched(
            getattr(diagnosis, name), state.stretch, logarithmic=logarithmic
        )
        label = conditions.get(name)
        low, high = estimate.p05, estimate.p95
        if label is not None and low is not None and high is not None:
            state = state.taught(missed=not low <= float(label) <= high)
        if state.labelled:
            adaptive[name] = state.to_record()
            changes[name] = estimate
    return replace(diagnosis, adaptive=adaptive, **changes)
