"""Keep the track of every cavity's mode.

Revision 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "mode_track",
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("measured_at_us", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cavity", name="pk_mode_track"),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("mode_track")
