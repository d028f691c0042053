"""Register references with their life cycle.

Revision 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "reference",
        sa.Column("sweep_id", sa.Text(), nullable=False),
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("thermal_cycle", sa.Text(), nullable=True),
        sa.Column("measured_at_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("registered_at_us", sa.BigInteger(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweep.id"], name="fk_reference_sweep_id_sweep"
        ),
        sa.PrimaryKeyConstraint("sweep_id", name="pk_reference"),
    )
    op.create_index("ix_reference_cavity", "reference", ["cavity", "measured_at_us"])
    op.create_table(
        "reference_transition",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("sweep_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"],
            ["reference.sweep_id"],
            name="fk_reference_transition_sweep_id_reference",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reference_transition"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_reference_transition_sweep_id", "reference_transition", ["sweep_id", "id"]
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("reference_transition")
    op.drop_table("reference")
