"""Create the tables.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# 64 bit everywhere; SQLite numbers rows only where the type is spelled INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "alert",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("cavity", sa.Text(), nullable=True),
        sa.Column("cavities", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sweep_id", sa.Text(), nullable=True),
        sa.Column("sweep_measured_at_us", sa.BigInteger(), nullable=True),
        sa.Column("raised_at_us", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at_us", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at_us", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledgement_expires_at_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_index("ix_alert_raised_at", "alert", ["raised_at_us", "id"])
    op.create_index("ix_alert_state", "alert", ["state"])

    op.create_table(
        "axis",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("point_count", sa.BigInteger(), nullable=False),
        sa.Column("start_frequency_hz", sa.Double(), nullable=False),
        sa.Column("stop_frequency_hz", sa.Double(), nullable=False),
        sa.Column("codec", sa.BigInteger(), nullable=False),
        sa.Column("codec_version", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_axis"),
    )
    op.create_table(
        "cavity",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("vna", sa.Text(), nullable=True),
        sa.Column("expected_resonant_frequency_hz", sa.Double(), nullable=True),
        sa.Column("expected_loaded_q", sa.Double(), nullable=True),
        sa.Column("expected_coupling_beta", sa.Double(), nullable=True),
        sa.Column("sweep_period_s", sa.Double(), nullable=True),
        sa.Column("thermal_cycle", sa.Text(), nullable=True),
        sa.Column("temperature_limit_k", sa.Double(), nullable=True),
        sa.Column("magnetic_field_limit_tesla", sa.Double(), nullable=True),
        sa.Column("registered_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cavity"),
    )
    op.create_table(
        "event",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reading",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("measured_at_us", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reading"),
        sa.UniqueConstraint(
            "name",
            "cavity",
            "source",
            "measured_at_us",
            name="uq_reading_name_cavity_source_measured_at_us",
        ),
    )
    op.create_index("ix_reading_measured_at", "reading", ["measured_at_us"])

    op.create_table(
        "rule_state",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("is_fulfilled", sa.Boolean(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("rule", "subject", name="pk_rule_state"),
    )
    op.create_table(
        "task",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.Column("available_at_us", sa.BigInteger(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("failed_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_task_lane", "task", ["lane"])
    op.create_index("ix_task_next", "task", ["kind", "available_at_us", "id"])

    op.create_table(
        "alert_transition",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name="fk_alert_transition_alert_id_alert"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_transition"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_alert_transition_alert_id", "alert_transition", ["alert_id", "id"]
    )

    op.create_table(
        "sweep",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("measured_at_us", sa.BigInteger(), nullable=False),
        sa.Column("received_at_us", sa.BigInteger(), nullable=False),
        sa.Column("is_reference", sa.Boolean(), nullable=False),
        sa.Column("thermal_cycle", sa.Text(), nullable=True),
        sa.Column("s_parameters", sa.Text(), nullable=False),
        sa.Column("point_count", sa.BigInteger(), nullable=False),
        sa.Column("axis_hash", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["axis_hash"], ["axis.hash"], name="fk_sweep_axis_hash_axis"
        ),
        sa.ForeignKeyConstraint(
            ["cavity"], ["cavity.id"], name="fk_sweep_cavity_cavity"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sweep"),
        sa.UniqueConstraint("key", name="uq_sweep_key"),
    )
    op.create_index("ix_sweep_measured_at", "sweep", ["measured_at_us", "id"])
    op.create_index("ix_sweep_newest", "sweep", ["cavity", "purpose", "measured_at_us"])

    op.create_table(
        "delivery",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("transition_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at_us", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name="fk_delivery_alert_id_alert"
        ),
        sa.ForeignKeyConstraint(
            ["transition_id"],
            ["alert_transition.id"],
            name="fk_delivery_transition_id_alert_transition",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint(
            "transition_id", "channel", name="uq_delivery_transition_id_channel"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_alert_id", "delivery", ["alert_id", "id"])

    op.create_table(
        "diagnosis",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("sweep_id", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("measured_at_us", sa.BigInteger(), nullable=False),
        sa.Column("judged_at_us", sa.BigInteger(), nullable=False),
        sa.Column("condition_state", sa.Text(), nullable=False),
        sa.Column("condition_label", sa.Text(), nullable=False),
        sa.Column("out_of_distribution", sa.Boolean(), nullable=False),
        sa.Column("temperature_state", sa.Text(), nullable=False),
        sa.Column("temperature_k", sa.Double(), nullable=True),
        sa.Column("temperature_p05_k", sa.Double(), nullable=True),
        sa.Column("temperature_p95_k", sa.Double(), nullable=True),
        sa.Column("magnetic_field_tesla", sa.Double(), nullable=True),
        sa.Column("magnetic_field_p05_tesla", sa.Double(), nullable=True),
        sa.Column("magnetic_field_p95_tesla", sa.Double(), nullable=True),
        sa.Column("resonance_state", sa.Text(), nullable=True),
        sa.Column("resonant_frequency_hz", sa.Double(), nullable=True),
        sa.Column("resonant_frequency_sigma_hz", sa.Double(), nullable=True),
        sa.Column("loaded_q", sa.Double(), nullable=True),
        sa.Column("loaded_q_sigma", sa.Double(), nullable=True),
        sa.Column("coupling_beta", sa.Double(), nullable=True),
        sa.Column("coupling_beta_sigma", sa.Double(), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweep.id"], name="fk_diagnosis_sweep_id_sweep"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_diagnosis"),
        sa.UniqueConstraint(
            "sweep_id",
            "model_version",
            name="uq_diagnosis_sweep_id_model_version",
        ),
    )
    op.create_index("ix_diagnosis_measured_at", "diagnosis", ["measured_at_us", "id"])
    op.create_index(
        "ix_diagnosis_newest", "diagnosis", ["cavity", "purpose", "measured_at_us"]
    )

    op.create_table(
        "sweep_payload",
        sa.Column("sweep_id", sa.Text(), nullable=False),
        sa.Column("codec", sa.BigInteger(), nullable=False),
        sa.Column("codec_version", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweep.id"], name="fk_sweep_payload_sweep_id_sweep"
        ),
        sa.PrimaryKeyConstraint("sweep_id", name="pk_sweep_payload"),
    )
    op.create_table(
        "delivery_attempt",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("http_status", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name="fk_delivery_attempt_delivery_id_delivery",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_attempt"),
    )
    op.create_index(
        "ix_delivery_attempt_delivery_id", "delivery_attempt", ["delivery_id"]
    )
    if op.get_bind().dialect.name == "postgresql":
        # The blobs are compressed already; the server would only try in vain.
        op.execute("ALTER TABLE sweep_payload ALTER payload SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE axis ALTER payload SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Undo the change."""
    for table in (
        "delivery_attempt",
        "sweep_payload",
        "diagnosis",
        "delivery",
        "sweep",
        "alert_transition",
        "task",
        "rule_state",
        "reading",
        "event",
        "cavity",
        "axis",
        "alert",
    ):
        op.drop_table(table)
