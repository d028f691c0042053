"""Alerts, their messages, events and pollers."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
)

from service.storage.tables.schema import Flag, Number, metadata

alert = Table(
    "alert",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("cavity", Text),
    Column("cavities", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sweep_id", Text),
    Column("sweep_measured_at_us", BigInteger),
    Column("raised_at_us", BigInteger, nullable=False),
    Column("cleared_at_us", BigInteger),
    Column("acknowledged_at_us", BigInteger),
    Column("acknowledged_by", Text),
    Column("acknowledgement_expires_at_us", BigInteger),
    Index("ix_alert_state", "state"),
    Index("ix_alert_raised_at", "raised_at_us", "id"),
)

alert_transition = Table(
    "alert_transition",
    metadata,
    Column("id", Number, primary_key=True),
    Column("alert_id", Text, ForeignKey("alert.id"), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("note", Text),
    Index("ix_alert_transition_alert_id", "alert_id", "id"),
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Number, primary_key=True),
    Column("alert_id", Text, ForeignKey("alert.id"), nullable=False),
    Column(
        "transition_id", BigInteger, ForeignKey("alert_transition.id"), nullable=False
    ),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("delivered_at_us", BigInteger),
    Column("last_error", Text),
    UniqueConstraint("transition_id", "channel"),
    Index("ix_delivery_alert_id", "alert_id", "id"),
    sqlite_autoincrement=True,
)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("id", Number, primary_key=True),
    Column("delivery_id", BigInteger, ForeignKey("delivery.id"), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("http_status", BigInteger),
    Column("error", Text),
    Index("ix_delivery_attempt_delivery_id", "delivery_id"),
)

rule_state = Table(
    "rule_state",
    metadata,
    Column("rule", Text, primary_key=True),
    # A cavity's id, or "" for the whole array.
    Column("subject", Text, primary_key=True),
    Column("is_fulfilled", Flag, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("alert_id", Text),
)

event = Table(
    "event",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)

poller = Table(
    "poller",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reported_at_us", BigInteger, nullable=False),
    Column("received_at_us", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
)
