"""Records of alerts, of the rules behind them and of their messages."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRecord:
    """One change of an alert's state."""

    transition_id: int
    alert_id: str
    at: datetime
    event: str
    from_state: str
    to_state: str
    reason: str
    actor: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One message to one channel, with its attempts so far."""

    delivery_id: int
    alert_id: str
    transition_id: int
    channel: str
    state: str
    attempts: int
    created_at: datetime
    delivered_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """An alert as stored, with its history.

    Attributes
    ----------
    cavities
        Every cavity that it speaks of.
    sweep_id, sweep_measured_at
        The sweep that raised it, if one did.
    """

    alert_id: str
    rule: str
    scope: str
    cavity: str | None
    cavities: tuple[str, ...]
    severity: str
    title: str
    cause: str
    action: str
    state: str
    reason: str
    sweep_id: str | None
    sweep_measured_at: datetime | None
    raised_at: datetime
    cleared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledgement_expires_at: datetime | None = None
    transitions: tuple[TransitionRecord, ...] = ()
    deliveries: tuple[DeliveryRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """Where a rule stands for one cavity, or for the array ("")."""

    rule: str
    subject: str
    is_fulfilled: bool
    since: datetime
    alert_id: str | None
