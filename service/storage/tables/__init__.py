"""The schema: every table, every column, every index."""

from service.storage.tables.access import account, api_key, audit, login_session
from service.storage.tables.alerts import (
    alert,
    alert_transition,
    delivery,
    delivery_attempt,
    event,
    poller,
    rule_state,
)
from service.storage.tables.campaigns import (
    calibration,
    hardware_epoch,
    run,
    run_step,
    thermal_cycle,
)
from service.storage.tables.judgement import (
    diagnosis,
    drift_chart,
    drift_limits,
    mode_track,
    model,
    model_file,
    model_transition,
    reference,
    reference_transition,
    task,
)
from service.storage.tables.schema import metadata
from service.storage.tables.sweeps import (
    axis,
    cavity,
    label,
    payload_month,
    sweep,
    sweep_payload,
)
from service.storage.tables.trends import (
    reading,
    trend_bucket,
    trend_horizon,
    trend_point,
    trend_series,
)

__all__ = [
    "account",
    "alert",
    "alert_transition",
    "api_key",
    "audit",
    "axis",
    "calibration",
    "cavity",
    "delivery",
    "delivery_attempt",
    "diagnosis",
    "drift_chart",
    "drift_limits",
    "event",
    "hardware_epoch",
    "label",
    "login_session",
    "metadata",
    "mode_track",
    "model",
    "model_file",
    "model_transition",
    "payload_month",
    "poller",
    "reading",
    "reference",
    "reference_transition",
    "rule_state",
    "run",
    "run_step",
    "sweep",
    "sweep_payload",
    "task",
    "thermal_cycle",
    "trend_bucket",
    "trend_horizon",
    "trend_point",
    "trend_series",
]
