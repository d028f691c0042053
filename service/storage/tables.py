"""The schema: every table, every column, every index."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# 64 bit everywhere; SQLite numbers rows only where the type is spelled INTEGER.
_Number = BigInteger().with_variant(Integer(), "sqlite")

# Ids sort byte by byte; PostgreSQL would sort by the rules of a language.
_OrderedText = Text().with_variant(Text(collation="C"), "postgresql")

cavity = Table(
    "cavity",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text),
    Column("enabled", Boolean(create_constraint=False), nullable=False),
    Column("vna", Text),
    Column("expected_resonant_frequency_hz", Double),
    Column("expected_loaded_q", Double),
    Column("expected_coupling_beta", Double),
    Column("sweep_period_s", Double),
    Column("thermal_cycle", Text),
    Column("temperature_limit_k", Double),
    Column("magnetic_field_limit_tesla", Double),
    Column("registered_at_us", BigInteger, nullable=False),
)

axis = Table(
    "axis",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("point_count", BigInteger, nullable=False),
    Column("start_frequency_hz", Double, nullable=False),
    Column("stop_frequency_hz", Double, nullable=False),
    Column("codec", BigInteger, nullable=False),
    Column("codec_version", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

sweep = Table(
    "sweep",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("cavity", Text, ForeignKey("cavity.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("received_at_us", BigInteger, nullable=False),
    Column("is_reference", Boolean(create_constraint=False), nullable=False),
    Column("thermal_cycle", Text),
    Column("s_parameters", Text, nullable=False),
    Column("point_count", BigInteger, nullable=False),
    Column("axis_hash", Text, ForeignKey("axis.hash"), nullable=False),
    Column("details", Text, nullable=False),
    # Flags with a comma on both sides of each, so that one is found as a whole.
    Column("flags", Text, nullable=False, server_default=""),
    Column("run", Text),
    Column("step", Text),
    # Retention leaves these alone, and references.
    Column(
        "keep",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=false(),
    ),
    UniqueConstraint("key"),
    Index("ix_sweep_newest", "cavity", "purpose", "measured_at_us"),
    Index("ix_sweep_measured_at", "measured_at_us", "id"),
    Index(
        "ix_sweep_flagged",
        "measured_at_us",
        "id",
        sqlite_where=text("flags <> ''"),
        postgresql_where=text("flags <> ''"),
    ),
    Index(
        "ix_sweep_reference",
        "cavity",
        "purpose",
        "measured_at_us",
        sqlite_where=text("is_reference = 1"),
        postgresql_where=text("is_reference"),
    ),
    Index(
        "ix_sweep_run",
        "run",
        "measured_at_us",
        sqlite_where=text("run IS NOT NULL"),
        postgresql_where=text("run IS NOT NULL"),
    ),
    Index(
        "ix_sweep_kept",
        "measured_at_us",
        "id",
        sqlite_where=text("keep = 1"),
        postgresql_where=text("keep"),
    ),
)

# Over PostgreSQL partitioned by month of receipt, which the ids tell; there the blob
# stands in ``payload``. Over SQLite it lies in a pack file.
sweep_payload = Table(
    "sweep_payload",
    metadata,
    Column("sweep_id", _OrderedText, primary_key=True),
    Column("codec", BigInteger, nullable=False),
    Column("codec_version", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("noise", Text),
    Column("pack", Text),
    Column("position", BigInteger),
    Column("payload", LargeBinary),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (sweep_id)",
)

payload_month = Table(
    "payload_month",
    metadata,
    Column("month", Text, primary_key=True),
    Column("thinned_at_us", BigInteger),
    Column("expired_at_us", BigInteger),
    Column("forgotten_at_us", BigInteger),
)

trend_series = Table(
    "trend_series",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("cavity", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    UniqueConstraint("cavity", "quantity"),
)

trend_point = Table(
    "trend_point",
    metadata,
    Column("series_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),
    Column("low", Double),
    Column("high", Double),
    Column("sigma", Double),
    sqlite_with_rowid=False,
)

trend_bucket = Table(
    "trend_bucket",
    metadata,
    Column("series_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tier_s", BigInteger, primary_key=True, autoincrement=False),
    Column("start_us", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
    Column("minimum", Double),
    Column("minimum_at_us", BigInteger),
    Column("maximum", Double),
    Column("maximum_at_us", BigInteger),
    Column("low", Double),
    Column("high", Double),
    Column("sigma", Double),
    sqlite_with_rowid=False,
)

trend_horizon = Table(
    "trend_horizon",
    metadata,
    # Seconds of the roll-up, 0 for the points themselves.
    Column("tier_s", BigInteger, primary_key=True, autoincrement=False),
    # Everything before was thinned away.
    Column("before_us", BigInteger, nullable=False),
)

hardware_epoch = Table(
    "hardware_epoch",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("cavity", Text, ForeignKey("cavity.id"), nullable=False),
    Column("slot", Text, nullable=False),
    # NULL: the slot was empty.
    Column("component", Text),
    Column("installed_at_us", BigInteger, nullable=False),
    Column("removed_at_us", BigInteger),
    Column("note", Text),
    Column("recorded_at_us", BigInteger, nullable=False),
    UniqueConstraint("cavity", "slot", "installed_at_us"),
)

thermal_cycle = Table(
    "thermal_cycle",
    metadata,
    Column("id", Text, primary_key=True),
    Column("started_at_us", BigInteger),
    Column("ended_at_us", BigInteger),
    Column("note", Text),
    Column("recorded_at_us", BigInteger, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text),
    Column("started_at_us", BigInteger),
    Column("ended_at_us", BigInteger),
    Column("note", Text),
    Column("recorded_at_us", BigInteger, nullable=False),
)

run_step = Table(
    "run_step",
    metadata,
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("started_at_us", BigInteger),
    Column("ended_at_us", BigInteger),
    Column("note", Text),
    Column("recorded_at_us", BigInteger, nullable=False),
)

calibration = Table(
    "calibration",
    metadata,
    Column("id", Text, primary_key=True),
    Column("instrument", Text),
    Column("cavity", Text),
    Column("kind", Text),
    Column("performed_at_us", BigInteger),
    Column("valid_until_us", BigInteger),
    Column("performed_by", Text),
    Column("note", Text),
    Column("recorded_at_us", BigInteger, nullable=False),
    Index("ix_calibration_performed_at", "performed_at_us"),
)

reading = Table(
    "reading",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", Text, nullable=False),
    Column("cavity", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    # "" stands for no cavity and no source: NULL is never equal to NULL.
    UniqueConstraint("name", "cavity", "source", "measured_at_us"),
    Index("ix_reading_measured_at", "measured_at_us"),
)

task = Table(
    "task",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("lane", Text),
    Column("created_at_us", BigInteger, nullable=False),
    # NULL: given up, kept for a person to look at.
    Column("available_at_us", BigInteger),
    Column("lease_owner", Text),
    Column("attempts", BigInteger, nullable=False),
    Column("failed_reason", Text),
    Index("ix_task_next", "kind", "available_at_us", "id"),
    Index("ix_task_lane", "lane"),
    sqlite_autoincrement=True,
)

diagnosis = Table(
    "diagnosis",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("sweep_id", Text, ForeignKey("sweep.id"), nullable=False),
    Column("model_version", Text, nullable=False),
    Column("cavity", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("judged_at_us", BigInteger, nullable=False),
    Column("condition_state", Text, nullable=False),
    Column("condition_label", Text, nullable=False),
    Column("out_of_distribution", Boolean(create_constraint=False), nullable=False),
    Column("p_value", Double),
    Column("temperature_state", Text, nullable=False),
    Column("temperature_k", Double),
    Column("temperature_p05_k", Double),
    Column("temperature_p95_k", Double),
    Column("magnetic_field_tesla", Double),
    Column("magnetic_field_p05_tesla", Double),
    Column("magnetic_field_p95_tesla", Double),
    Column("resonance_state", Text),
    Column("resonant_frequency_hz", Double),
    Column("resonant_frequency_sigma_hz", Double),
    Column("loaded_q", Double),
    Column("loaded_q_sigma", Double),
    Column("coupling_beta", Double),
    Column("coupling_beta_sigma", Double),
    Column("record", Text, nullable=False),
    # Who spoke: the live model, a shadow beside it, or a model that looked back.
    Column("role", Text, nullable=False, server_default="live"),
    UniqueConstraint("sweep_id", "model_version"),
    Index("ix_diagnosis_newest", "cavity", "purpose", "measured_at_us"),
    Index("ix_diagnosis_measured_at", "measured_at_us", "id"),
    Index("ix_diagnosis_of_model", "model_version", "cavity", "measured_at_us"),
)

model = Table(
    "model",
    metadata,
    Column("version", Text, primary_key=True),
    Column("parent", Text),
    Column("source", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("manifest", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("registered_at_us", BigInteger, nullable=False),
    Column("registered_by", Text, nullable=False),
)

model_file = Table(
    "model_file",
    metadata,
    Column("version", Text, ForeignKey("model.version"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

model_transition = Table(
    "model_transition",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("version", Text, ForeignKey("model.version"), nullable=False),
    # A cavity's id, or "" for every cavity that has none of its own.
    Column("scope", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_forced", Boolean(create_constraint=False), nullable=False),
    Column("gates", Text, nullable=False),
    sqlite_autoincrement=True,
)

reference = Table(
    "reference",
    metadata,
    Column("sweep_id", Text, ForeignKey("sweep.id"), primary_key=True),
    Column("cavity", Text, nullable=False),
    Column("thermal_cycle", Text),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("checks", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("registered_at_us", BigInteger, nullable=False),
    Column("registered_by", Text, nullable=False),
    Index("ix_reference_cavity", "cavity", "measured_at_us"),
)

reference_transition = Table(
    "reference_transition",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("sweep_id", Text, ForeignKey("reference.sweep_id"), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_reference_transition_sweep_id", "sweep_id", "id"),
    sqlite_autoincrement=True,
)

label = Table(
    "label",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("sweep_id", Text, ForeignKey("sweep.id"), nullable=False),
    Column("name", Text, nullable=False),
    # Either of the two; neither: the label was taken back.
    Column("text", Text),
    Column("number", Double),
    Column("labelled_at_us", BigInteger, nullable=False),
    Column("labelled_by", Text, nullable=False),
    Column("note", Text),
    # NULL: it counts.
    Column("replaced_at_us", BigInteger),
    Index(
        "ix_label_current",
        "sweep_id",
        "name",
        unique=True,
        sqlite_where=text("replaced_at_us IS NULL"),
        postgresql_where=text("replaced_at_us IS NULL"),
    ),
    Index(
        "ix_label_value",
        "name",
        "text",
        "sweep_id",
        sqlite_where=text("replaced_at_us IS NULL"),
        postgresql_where=text("replaced_at_us IS NULL"),
    ),
    Index("ix_label_sweep_id", "sweep_id", "id"),
    sqlite_autoincrement=True,
)

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
    Column("id", _Number, primary_key=True),
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
    Column("id", _Number, primary_key=True),
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
    Column("id", _Number, primary_key=True),
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
    Column("is_fulfilled", Boolean(create_constraint=False), nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("alert_id", Text),
)

drift_chart = Table(
    "drift_chart",
    metadata,
    Column("cavity", Text, primary_key=True),
    Column("model_version", Text, nullable=False),
    Column("reference_sweep", Text),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("ewma", Double, nullable=False),
    Column("cusum", Double, nullable=False),
    Column("began_at_us", BigInteger),
    Column("count", BigInteger, nullable=False),
)

drift_limits = Table(
    "drift_limits",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("model_version", Text, nullable=False),
    Column("drawn_at_us", BigInteger, nullable=False),
    Column("ewma", Double, nullable=False),
    Column("cusum", Double, nullable=False),
    Column("record", Text, nullable=False),
    Index("ix_drift_limits_newest", "model_version", "id"),
    sqlite_autoincrement=True,
)

mode_track = Table(
    "mode_track",
    metadata,
    Column("cavity", Text, primary_key=True),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", _Number, primary_key=True),
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

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    # A JSON list; NULL: every cavity.
    Column("cavities", Text),
    Column("created_at_us", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at_us", BigInteger),
    Column("revoked_at_us", BigInteger),
    Column("last_used_at_us", BigInteger),
    UniqueConstraint("token_hash"),
)

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    # NULL: an identity provider vouches for the person.
    Column("password_hash", Text),
    Column("issuer", Text),
    Column("subject", Text),
    Column("created_at_us", BigInteger, nullable=False),
    Column("disabled_at_us", BigInteger),
    Column("last_login_at_us", BigInteger),
    UniqueConstraint("issuer", "subject"),
)

login_session = Table(
    "login_session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.name"), nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("ix_audit_actor", "actor", "id"),
    sqlite_autoincrement=True,
)
