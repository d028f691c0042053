"""Keep what people call a sweep, beside what models say.

Revision 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CURRENT = sa.text("replaced_at_us IS NULL")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "label",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("sweep_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("labelled_at_us", sa.BigInteger(), nullable=False),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("replaced_at_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweep.id"], name="fk_label_sweep_id_sweep"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_label"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_label_current",
        "label",
        ["sweep_id", "name"],
        unique=True,
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    )
    op.create_index(
        "ix_label_value",
        "label",
        ["name", "text", "sweep_id"],
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    )
    op.create_index("ix_label_sweep_id", "label", ["sweep_id", "id"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("label")
