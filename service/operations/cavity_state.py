"""The current state of every cavity, with the age of every value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instruments.measurement import SweepPurpose
from instruments.measurement.poller_status import CavityMode
from instruments.measurement.times import format_time
from models.diagnosis import EstimateState
from models.preprocessing.integrity import NO_TRACE
from service.alerts.rules import HEALTHY
from service.operations.drifting import Drifts, drift_json, read_drifts
from service.operations.polling import (
    CavityModes,
    polling_json,
    read_cavity_modes,
)
from service.operations.presenting import (
    ACTIVE_STATES,
    age_s,
    alert_json,
    cavity_settings_json,
)
from service.storage.alert_records import AlertRecord
from service.storage.alerts import list_alerts
from service.storage.cavities import get_cavity, list_cavities
from service.storage.engine import Database
from service.storage.newest import Newest, read_newest
from service.storage.records import CavityRecord, DiagnosisRecord, SweepRecord
from service.storage.references import ReferenceRecord

STALE_PERIODS = 3.0
"""A value is stale once its sweep is older than so many sweep periods."""

STALE_WITHOUT_PERIOD_S = 3600.0
"""Age in seconds at which it is stale where no sweep period is registered."""

MAX_ACTIVE_ALERTS = 1000
"""Most active alerts that one answer carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    cavity: CavityRecord
    sweeps: dict[SweepPurpose, SweepRecord | None]
    diagnoses: dict[SweepPurpose, DiagnosisRecord | None]
    reference: SweepRecord | None
    registered: ReferenceRecord | None
    refused: ReferenceRecord | None
    alerts: Sequence[AlertRecord]
    polling: Mapping[str, Any] | None
    drift: Mapping[str, Any] | None


def describe_cavities(database: Database, now: datetime) -> list[dict[str, Any]]:
    """Describe every registered cavity."""
    with database.read() as transaction:
        alerts = list_alerts(transaction, ACTIVE_STATES, MAX_ACTIVE_ALERTS)
        modes = read_cavity_modes(transaction, now)
        newest = read_newest(transaction)
        drifts = read_drifts(transaction)
        facts = [
            _gather(newest, drifts, cavity, alerts, modes)
            for cavity in list_cavities(transaction)
        ]
    return [_describe(fact, now) for fact in facts]


def describe_cavity(
    database: Database, cavity: str, now: datetime
) -> dict[str, Any] | None:
    """Describe one cavity; None where it is not registered."""
    with database.read() as transaction:
        record = get_cavity(transaction, cavity)
        if record is None:
            return None
        alerts = list_alerts(transaction, ACTIVE_STATES, MAX_ACTIVE_ALERTS)
        modes = read_cavity_modes(transaction, now)
        newest = read_newest(transaction, cavity)
        drifts = read_drifts(transaction)
        facts = _gather(newest, drifts, record, alerts, modes)
    return _describe(facts, now)


def _gather(
    newest: Newest,
    drifts: Drifts,
    cavity: CavityRecord,
    alerts: Sequence[AlertRecord],
    modes: CavityModes,
) -> _Facts:
    name = cavity.cavity
    diagnoses = {p: newest.diagnoses.get((name, p)) for p in SweepPurpose}
    wide = diagnoses[SweepPurpose.WIDE]
    version = (
        None if wide is None or not _is_judged(wide.record) else wide.model_version
    )
    return _Facts(
        cavity=cavity,
        sweeps={p: newest.sweeps.get((name, p)) for p in SweepPurpose},
        diagnoses=diagnoses,
        drift=drift_json(drifts, name, version),
        reference=newest.serving.get(name),
        registered=newest.registered.get(name),
        refused=newest.refused.get(name),
        alerts=[alert for alert in alerts if name in alert.cavities],
        polling=polling_json(modes, name),
    )


def _describe(facts: _Facts, now: datetime) -> dict[str, Any]:
    wide = facts.diagnoses[SweepPurpose.WIDE]
    return cavity_settings_json(facts.cavity) | {
        "server_time": format_time(now),
        "state": _state(facts, now),
        "stale_after_s": _stale_after_s(facts.cavity),
        "latest": {
            purpose.value: _sweep_stamp(sweep, now)
            for purpose, sweep in facts.sweeps.items()
        },
        "temperature_k": _dated(wide, "temperature_k", now),
        "magnetic_field_tesla": _dated(wide, "magnetic_field_tesla", now),
        "condition": _dated(wide, "condition", now),
        "out_of_distribution": _strangeness(wide, now),
        "resonance": _resonance(facts, now),
        "mode": _mode(facts, now),
        "integrity": [] if wide is None else wide.record["integrity"],
        "flags": sorted(
            {flag for sweep in facts.sweeps.values() if sweep for flag in sweep.flags}
        ),
        "polling": facts.polling,
        "drift": facts.drift,
        "reference": _reference(facts, now),
        "reference_refused": _refused(facts, now),
        "active_alerts": [alert_json(alert, now) for alert in facts.alerts],
    }


def _state(facts: _Facts, now: datetime) -> str:
    severities = {alert.severity for alert in facts.alerts}
    if severities & {"critical", "major"}:
        return "alarm"
    if _is_stale(facts, now):
        return "paused" if _is_paused(facts) else "stale"
    if severities:
        return "warning"
    wide = facts.diagnoses[SweepPurpose.WIDE]
    if wide is None or not _is_judged(wide.record) or _is_behind(facts, wide, now):
        return "unknown"
    # One sweep calls nobody, but the wall must not call good what it names ill.
    return "good" if wide.record["condition"]["label"] == HEALTHY else "warning"


def _is_judged(record: Mapping[str, Any]) -> bool:
    # Without a model or a reference nothing was concluded, and so nothing is good.
    has_condition = record["condition"]["state"] == EstimateState.ESTIMATED
    return has_condition and NO_TRACE not in record["integrity"]


def _is_behind(facts: _Facts, wide: DiagnosisRecord, now: datetime) -> bool:
    # Sweeps come and nobody judges them: what was good once tells nothing of now.
    return age_s(wide.measured_at, now) > _stale_after_s(facts.cavity)


def _is_stale(facts: _Facts, now: datetime) -> bool:
    wide = facts.sweeps[SweepPurpose.WIDE]
    others = [sweep.measured_at for sweep in facts.sweeps.values() if sweep is not None]
    if not others:
        return False
    newest = max(others) if wide is None else wide.measured_at
    return age_s(newest, now) > _stale_after_s(facts.cavity)


def _stale_after_s(cavity: CavityRecord) -> float:
    if cavity.sweep_period_s is None:
        return STALE_WITHOUT_PERIOD_S
    return STALE_PERIODS * cavity.sweep_period_s


def _is_paused(facts: _Facts) -> bool:
    polling = facts.polling
    return polling is not None and polling["mode"] != CavityMode.POLLED


def _reference(facts: _Facts, now: datetime) -> dict[str, Any] | None:
    """Write what the cavity's sweeps are compared with, and what it is worth."""
    stamp = _sweep_stamp(facts.reference, now)
    if stamp is None or facts.reference is None:
        return None
    known = facts.registered
    return stamp | {
        "thermal_cycle": facts.reference.thermal_cycle,
        "state": "unchecked" if known is None else known.state.value,
        "reason": None if known is None else known.reason,
        "source": None if known is None else known.source.value,
        "registered_by": None if known is None else known.registered_by,
    }


def _refused(facts: _Facts, now: datetime) -> dict[str, Any] | None:
    """Write the last refused reference, unless a better one came after it."""
    refused, known = facts.refused, facts.registered
    if refused is None:
        return None
    if known is not None and known.registered_at >= refused.registered_at:
        return None
    return {
        "sweep_id": refused.sweep_id,
        "measured_at": format_time(refused.measured_at),
        "age_s": age_s(refused.measured_at, now),
        "reason": refused.reason,
        "registered_by": refused.registered_by,
    }


def _sweep_stamp(sweep: SweepRecord | None, now: datetime) -> dict[str, Any] | None:
    if sweep is None:
        return None
    return {
        "sweep_id": sweep.sweep_id,
        "measured_at": format_time(sweep.measured_at),
        "age_s": age_s(sweep.measured_at, now),
        "flags": list(sweep.flags),
    }


def _dated(
    diagnosis: DiagnosisRecord | None, name: str, now: datetime
) -> dict[str, Any] | None:
    if diagnosis is None:
        return None
    return {**diagnosis.record[name], **_stamp(diagnosis, now)}


def _strangeness(
    diagnosis: DiagnosisRecord | None, now: datetime
) -> dict[str, Any] | None:
    """Leave contributions to who asks for the diagnosis: a wall has many cavities."""
    found = _dated(diagnosis, "out_of_distribution", now)
    if found is not None:
        found.pop("contributions", None)
    return found


def _stamp(diagnosis: DiagnosisRecord, now: datetime) -> dict[str, Any]:
    return {
        "sweep_id": diagnosis.sweep_id,
        "measured_at": format_time(diagnosis.measured_at),
        "age_s": age_s(diagnosis.measured_at, now),
    }


def _mode(facts: _Facts, now: datetime) -> dict[str, Any] | None:
    """Write which mode the newest transmission sweep shows."""
    narrow = facts.diagnoses[SweepPurpose.TRANSMISSION]
    mode = None if narrow is None else narrow.record.get("mode")
    if narrow is None or mode is None:
        return None
    return {**mode, **_stamp(narrow, now)}


def _resonance(facts: _Facts, now: datetime) -> dict[str, Any] | None:
    """Take f0 and loaded Q from transmission, the coupling from reflection."""
    found = {
        purpose: diagnosis
        for purpose in (SweepPurpose.TRANSMISSION, SweepPurpose.REFLECTION)
        if (diagnosis := facts.diagnoses[purpose]) is not None
        and diagnosis.record["resonance"] is not None
    }
    main = found.get(SweepPurpose.TRANSMISSION) or found.get(SweepPurpose.REFLECTION)
    if main is None:
        return None
    side = found.get(SweepPurpose.REFLECTION, main)
    fit = main.record["resonance"]
    return {
        "state": fit["state"],
        "resonant_frequency_hz": fit["resonant_frequency_hz"],
        "resonant_frequency_sigma_hz": fit["resonant_frequency_sigma_hz"],
        "loaded_q": fit["loaded_q"],
        "loaded_q_sigma": fit["loaded_q_sigma"],
        "coupling_beta": side.record["resonance"]["coupling_beta"],
        "coupling_beta_sigma": side.record["resonance"]["coupling_beta_sigma"],
        **_stamp(main, now),
    }
