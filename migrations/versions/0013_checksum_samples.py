"""Keep a checksum with the samples that stand in the database itself.

Samples in packs have one there. Those that are stored already keep none: it would say
that they are what they are now.

Revision 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column(
        "sweep_payload", sa.Column("checksum", sa.BigInteger(), nullable=True)
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_column("sweep_payload", "checksum")
