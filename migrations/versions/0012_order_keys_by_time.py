"""Note until when sweeps may be known by their bare content hash.

Later ones have the time of measurement in front of it, so that new keys stand together
in their index. What is there already is not written anew.

Revision 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_DAY_US = 86_400_000_000
"""For processes of the edition before that still run, and clocks that are ahead."""

_PREFIX_LENGTH = 17
_NOW_S = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM now()) AS bigint)",
}


def upgrade() -> None:
    """Apply the change."""
    table = op.create_table(
        "key_form",
        sa.Column("bare_until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bare_until_us", name=op.f("pk_key_form")),
    )
    bind = op.get_bind()
    query = f"SELECT max(measured_at_us), {_NOW_S[bind.dialect.name]} FROM sweep"
    newest_us, now_s = bind.exec_driver_sql(query).one()
    if newest_us is not None:
        until_us = max(newest_us, now_s * 1_000_000) + _DAY_US
        op.bulk_insert(table, [{"bare_until_us": until_us}])


def downgrade() -> None:
    """Undo the change."""
    op.execute(
        f"UPDATE sweep SET key = content_hash WHERE substr(key, {_PREFIX_LENGTH}) = "
        "'-' || content_hash"
    )
    op.drop_table("key_form")
