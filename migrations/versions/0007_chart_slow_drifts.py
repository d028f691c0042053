"""Keep the p-value of a diagnosis in a column, and the charts that follow it.

Revision 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.add_column("diagnosis", sa.Column("p_value", sa.Double(), nullable=True))
    op.create_table(
        "drift_chart",
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("reference_sweep", sa.Text(), nullable=True),
        sa.Column("measured_at_us", sa.BigInteger(), nullable=False),
        sa.Column("ewma", sa.Double(), nullable=False),
        sa.Column("cusum", sa.Double(), nullable=False),
        sa.Column("began_at_us", sa.BigInteger(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cavity", name="pk_drift_chart"),
    )
    op.create_table(
        "drift_limits",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("drawn_at_us", sa.BigInteger(), nullable=False),
        sa.Column("ewma", sa.Double(), nullable=False),
        sa.Column("cusum", sa.Double(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drift_limits"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_drift_limits_newest", "drift_limits", ["model_version", "id"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("drift_limits")
    op.drop_table("drift_chart")
    op.drop_column("diagnosis", "p_value")
