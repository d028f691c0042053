"""Remember the months whose uneventful sweeps were forgotten.

Revision 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column(
        "payload_month", sa.Column("forgotten_at_us", sa.BigInteger(), nullable=True)
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_column("payload_month", "forgotten_at_us")
