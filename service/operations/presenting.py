"""Records as the JSON mappings of the public contract."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from instruments.measurement import Reading
from instruments.measurement.times import format_time
from service.storage.alert_records import AlertRecord, DeliveryRecord
from service.storage.campaign_records import (
    CalibrationRecord,
    HardwareEpochRecord,
    RunRecord,
    StepRecord,
    ThermalCycleRecord,
)
from service.storage.records import CavityRecord, DiagnosisRecord, SweepRecord

ACTIVE_STATES = ("active_unacknowledged", "active_acknowledged")
"""States of an alert whose cause persists."""

ALL_STATES = (*ACTIVE_STATES, "cleared_unacknowledged", "normal")
"""Every state of an alert."""


def age_s(moment: datetime, now: datetime) -> float:
    """Return seconds since a moment, rounded to milliseconds, never below 0."""
    return max(round((now - moment).total_seconds(), 3), 0.0)


def optional_time(moment: datetime | None) -> str | None:
    """Write a time, or None."""
    return None if moment is None else format_time(moment)


def dated_json(
    record: HardwareEpochRecord
    | ThermalCycleRecord
    | RunRecord
    | StepRecord
    | CalibrationRecord,
) -> dict[str, Any]:
    """Write a record of names, texts and times field by field."""
    return {
        name: format_time(value) if isinstance(value, datetime) else value
        for name, value in asdict(record).items()
    }


def sweep_json(sweep: SweepRecord, now: datetime) -> dict[str, Any]:
    """Write a stored sweep without its samples."""
    details = sweep.details
    return {
        "sweep_id": sweep.sweep_id,
        "cavity": sweep.cavity,
        "measured_at": format_time(sweep.measured_at),
        "received_at": format_time(sweep.received_at),
        "age_s": age_s(sweep.measured_at, now),
        "purpose": sweep.purpose.value,
        "is_reference": sweep.is_reference,
        "thermal_cycle": sweep.thermal_cycle,
        "s_parameters": list(sweep.s_parameters),
        "point_count": sweep.point_count,
        "start_frequency_hz": sweep.start_frequency_hz,
        "stop_frequency_hz": sweep.stop_frequency_hz,
        "run": details.get("run"),
        "step": details.get("step"),
        "route": details.get("route"),
        "settings": details.get("settings", {}),
        "instrument": details.get("instrument", {}),
        "conditions": details.get("conditions", {}),
        "flags": list(sweep.flags),
        "keep": sweep.keep,
        "idempotency_key": details.get("idempotency_key"),
        "content_hash": sweep.content_hash,
    }


def samples_json(
    stored: tuple[int, Mapping[str, float] | None] | None,
) -> dict[str, Any]:
    """Write how the samples of a sweep are stored.

    Parameters
    ----------
    stored
        Codec, and the noise of each trace per quadrature where the samples are
        rounded to it; None where retention has dropped them.
    """
    if stored is None:
        return {"state": "expired", "noise": None}
    _, noise = stored
    return {"state": "original" if noise is None else "quantised", "noise": noise}


def diagnosis_json(diagnosis: DiagnosisRecord) -> dict[str, Any]:
    """Write a stored diagnosis."""
    return {
        "sweep_id": diagnosis.sweep_id,
        "cavity": diagnosis.cavity,
        "purpose": diagnosis.purpose.value,
        "measured_at": format_time(diagnosis.measured_at),
        "judged_at": format_time(diagnosis.judged_at),
        "role": diagnosis.role.value,
        **diagnosis.record,
    }


def cavity_settings_json(cavity: CavityRecord) -> dict[str, Any]:
    """Write what a cavity was registered with."""
    return {
        "id": cavity.cavity,
        "title": cavity.title,
        "enabled": cavity.enabled,
        "vna": cavity.vna,
        "expected_resonant_frequency_hz": cavity.expected_resonant_frequency_hz,
        "expected_loaded_q": cavity.expected_loaded_q,
        "expected_coupling_beta": cavity.expected_coupling_beta,
        "sweep_period_s": cavity.sweep_period_s,
        "thermal_cycle": cavity.thermal_cycle,
        "temperature_limit_k": cavity.temperature_limit_k,
        "magnetic_field_limit_tesla": cavity.magnetic_field_limit_tesla,
        "registered_at": format_time(cavity.registered_at),
    }


def alert_json(alert: AlertRecord, now: datetime) -> dict[str, Any]:
    """Write an alert with its transitions and deliveries."""
    return {
        "id": alert.alert_id,
        "rule": alert.rule,
        "title": alert.title,
        "cause": alert.cause,
        "action": alert.action,
        "severity": alert.severity,
        "scope": alert.scope,
        "cavity": alert.cavity,
        "cavities": list(alert.cavities),
        "state": alert.state,
        "raised_at": format_time(alert.raised_at),
        "cleared_at": optional_time(alert.cleared_at),
        "acknowledged_at": optional_time(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "acknowledgement_expires_at": optional_time(alert.acknowledgement_expires_at),
        "reason": alert.reason,
        "sweep_id": alert.sweep_id,
        "age_s": age_s(alert.raised_at, now),
        "transitions": [
            {
                "id": transition.transition_id,
                "at": format_time(transition.at),
                "event": transition.event,
                "from": transition.from_state,
                "to": transition.to_state,
                "reason": transition.reason,
                "actor": transition.actor,
                "note": transition.note,
            }
            for transition in alert.transitions
        ],
        "deliveries": [delivery_json(delivery) for delivery in alert.deliveries],
    }


def delivery_json(delivery: DeliveryRecord) -> dict[str, Any]:
    """Write where one message stands."""
    return {
        "transition_id": delivery.transition_id,
        "channel": delivery.channel,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "delivered_at": optional_time(delivery.delivered_at),
        "last_error": delivery.last_error,
    }


def reading_json(reading: Reading, now: datetime) -> dict[str, Any]:
    """Write a stored reading with its age."""
    return {
        "name": reading.name,
        "value": reading.value,
        "measured_at": format_time(reading.measured_at),
        "age_s": age_s(reading.measured_at, now),
        "cavity": reading.cavity,
        "source": reading.source,
    }
