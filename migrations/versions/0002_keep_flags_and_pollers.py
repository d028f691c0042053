"""Keep the truth flags of sweeps, and how pollers fare.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column(
        "sweep", sa.Column("flags", sa.Text(), nullable=False, server_default="")
    )
    op.create_index(
        "ix_sweep_flagged",
        "sweep",
        ["measured_at_us", "id"],
        sqlite_where=sa.text("flags <> ''"),
        postgresql_where=sa.text("flags <> ''"),
    )
    op.create_table(
        "poller",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reported_at_us", sa.BigInteger(), nullable=False),
        sa.Column("received_at_us", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_poller"),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("poller")
    op.drop_index("ix_sweep_flagged", "sweep")
    op.drop_column("sweep", "flags")
