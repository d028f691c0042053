"""Number sweeps in the order of their commits, for exports that go on later.

Sweeps that are there already keep none: that would write each of them anew.

Revision 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NUMBERED = sa.text("arrival IS NOT NULL")
_UNNUMBERED = sa.text("arrival IS NULL")


def upgrade() -> None:
    """Apply the change."""
    op.add_column("sweep", sa.Column("arrival", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE sweep_arrival OWNED BY sweep.arrival")
        op.execute(
            "ALTER TABLE sweep ALTER arrival SET DEFAULT nextval('sweep_arrival')"
        )
    op.create_index(
        "ix_sweep_arrival",
        "sweep",
        ["arrival"],
        unique=True,
        sqlite_where=_NUMBERED,
        postgresql_where=_NUMBERED,
    )
    op.create_index(
        "ix_sweep_unnumbered",
        "sweep",
        ["id"],
        sqlite_where=_UNNUMBERED,
        postgresql_where=_UNNUMBERED,
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_index("ix_sweep_unnumbered", "sweep")
    op.drop_index("ix_sweep_arrival", "sweep")
    op.drop_column("sweep", "arrival")
