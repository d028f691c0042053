"""Register models, record how they change state, tell who spoke in a diagnosis.

Revision 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.add_column(
        "diagnosis",
        sa.Column("role", sa.Text(), nullable=False, server_default="live"),
    )
    op.create_index(
        "ix_diagnosis_of_model",
        "diagnosis",
        ["model_version", "cavity", "measured_at_us"],
    )
    op.create_table(
        "model",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("registered_at_us", sa.BigInteger(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_model"),
    )
    op.create_table(
        "model_file",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["model.version"], name="fk_model_file_version_model"
        ),
        sa.PrimaryKeyConstraint("version", "name", name="pk_model_file"),
    )
    op.create_table(
        "model_transition",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_forced", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("gates", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["model.version"], name="fk_model_transition_version_model"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_model_transition"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("model_transition")
    op.drop_table("model_file")
    op.drop_table("model")
    op.drop_index("ix_diagnosis_of_model", "diagnosis")
    op.drop_column("diagnosis", "role")
