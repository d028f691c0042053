"""What was concluded, by which model, against which reference."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from service.storage.tables.schema import Flag, Number, metadata

task = Table(
    "task",
    metadata,
    Column("id", Number, primary_key=True),
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
    Column("id", Number, primary_key=True),
    Column("sweep_id", Text, ForeignKey("sweep.id"), nullable=False),
    Column("model_version", Text, nullable=False),
    Column("cavity", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("judged_at_us", BigInteger, nullable=False),
    Column("condition_state", Text, nullable=False),
    Column("condition_label", Text, nullable=False),
    Column("out_of_distribution", Flag, nullable=False),
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
    Column("id", Number, primary_key=True),
    Column("version", Text, ForeignKey("model.version"), nullable=False),
    # A cavity's id, or "" for every cavity that has none of its own.
    Column("scope", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_forced", Flag, nullable=False),
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
    Column("id", Number, primary_key=True),
    Column("sweep_id", Text, ForeignKey("reference.sweep_id"), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_reference_transition_sweep_id", "sweep_id", "id"),
    sqlite_autoincrement=True,
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
    Column("id", Number, primary_key=True),
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
