"""Note the sweeps whose samples were found damaged.

Revision 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "damaged_sweep",
        sa.Column("sweep_id", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("damaged_sweep")
