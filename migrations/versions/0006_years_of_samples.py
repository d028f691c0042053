"""Samples in packs or partitions by month; trends with roll-ups; hardware and runs.

Revision 0006. Over SQLite the samples move into pack files beside the database, which
keeps its size until somebody runs VACUUM. The way back brings them into the database
again; what retention has dropped or rounded stays so.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from service.storage.months import month_of
from service.storage.payloads import (
    Payload,
    append_payloads,
    ensure_partition,
    read_payloads,
)

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# 64 bit everywhere; SQLite numbers rows only where the type is spelled INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BATCH = 256
_PAYLOAD = sa.table(
    "sweep_payload",
    *map(sa.column, ("sweep_id", "codec", "codec_version", "size_bytes", "payload")),
)
TIERS_S = (60, 3600, 86_400)
TRENDS = {
    "temperature_k": ("wide", "temperature_k", "_p05_k", "_p95_k"),
    "magnetic_field_tesla": (
        "wide",
        "magnetic_field_tesla",
        "_p05_tesla",
        "_p95_tesla",
    ),
    "resonant_frequency_hz": ("transmission", "resonant_frequency_hz"),
    "loaded_q": ("transmission", "loaded_q"),
    "coupling_beta": ("reflection", "coupling_beta"),
}


def upgrade() -> None:
    """Apply the change."""
    _describe_sweeps()
    _create_trends()
    _create_hardware()
    op.rename_table("sweep_payload", "sweep_payload_before")
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_sweep_payload RENAME TO pk_sweep_payload_before")
    _create_payload()
    for rows in _batches(connection, "sweep_payload_before"):
        _move(connection, rows)
    op.drop_table("sweep_payload_before")
    _fill_runs(connection)
    _fill_trends()


def downgrade() -> None:
    """Undo the change."""
    connection = op.get_bind()
    op.create_table(
        "sweep_payload_before",
        sa.Column("sweep_id", sa.Text(), nullable=False),
        sa.Column("codec", sa.BigInteger(), nullable=False),
        sa.Column("codec_version", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweep.id"], name="fk_sweep_payload_sweep_id_sweep"
        ),
        sa.PrimaryKeyConstraint("sweep_id", name="pk_sweep_payload_before"),
    )
    if connection.dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE sweep_payload_before ALTER payload SET STORAGE EXTERNAL"
        )
    back = sa.table(
        "sweep_payload_before",
        *(sa.column(c) for c in ("sweep_id", "codec", "codec_version", "payload")),
    )
    if connection.dialect.name == "postgresql":
        columns = "sweep_id, codec, codec_version, payload"
        op.execute(
            f"INSERT INTO sweep_payload_before ({columns}) "
            f"SELECT {columns} FROM sweep_payload"
        )
    else:
        for rows in _batches(connection, "sweep_payload", "sweep_id"):
            payloads = read_payloads(connection, [row.sweep_id for row in rows])
            connection.execute(
                sa.insert(back),
                [
                    {
                        "sweep_id": one.sweep_id,
                        "codec": one.codec,
                        "codec_version": one.codec_version,
                        "payload": one.blob,
                    }
                    for one in payloads
                ],
            )
    op.drop_table("sweep_payload")
    op.rename_table("sweep_payload_before", "sweep_payload")
    if connection.dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_sweep_payload_before RENAME TO pk_sweep_payload")
    for table in (
        "payload_month",
        "trend_horizon",
        "trend_bucket",
        "trend_point",
        "trend_series",
        "calibration",
        "run_step",
        "run",
        "thermal_cycle",
        "hardware_epoch",
    ):
        op.drop_table(table)
    for index in ("reference", "run", "kept"):
        op.drop_index(f"ix_sweep_{index}", "sweep")
    for column in ("keep", "step", "run"):
        op.drop_column("sweep", column)


def _describe_sweeps() -> None:
    op.add_column("sweep", sa.Column("run", sa.Text(), nullable=True))
    op.add_column("sweep", sa.Column("step", sa.Text(), nullable=True))
    op.add_column(
        "sweep",
        sa.Column("keep", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _index(
        "reference",
        ["cavity", "purpose", "measured_at_us"],
        "is_reference",
        "is_reference = 1",
    )
    _index("run", ["run", "measured_at_us"], "run IS NOT NULL")
    _index("kept", ["measured_at_us", "id"], "keep", "keep = 1")


def _index(
    name: str, columns: list[str], where: str, sqlite_where: str | None = None
) -> None:
    op.create_index(
        f"ix_sweep_{name}",
        "sweep",
        columns,
        sqlite_where=sa.text(sqlite_where or where),
        postgresql_where=sa.text(where),
    )


def _create_payload() -> None:
    keys = []
    if op.get_bind().dialect.name == "sqlite":
        # Over PostgreSQL every partition has a key of its own.
        keys = [sa.PrimaryKeyConstraint("sweep_id", name="pk_sweep_payload")]
    op.create_table(
        "sweep_payload",
        sa.Column("sweep_id", ORDERED, nullable=False),
        sa.Column("codec", sa.BigInteger(), nullable=False),
        sa.Column("codec_version", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("noise", sa.Text(), nullable=True),
        sa.Column("pack", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        *keys,
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (sweep_id)",
    )
    op.create_table(
        "payload_month",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("thinned_at_us", sa.BigInteger(), nullable=True),
        sa.Column("expired_at_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("month", name="pk_payload_month"),
    )


def _create_trends() -> None:
    op.create_table(
        "trend_series",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trend_series"),
        sa.UniqueConstraint(
            "cavity", "quantity", name="uq_trend_series_cavity_quantity"
        ),
    )
    op.create_table(
        "trend_point",
        sa.Column("series_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False, autoincrement=False),
        *(
            sa.Column(name, sa.Double(), nullable=True)
            for name in ("value", "low", "high", "sigma")
        ),
        sa.PrimaryKeyConstraint("series_id", "at_us", name="pk_trend_point"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trend_bucket",
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)
            for name in ("series_id", "tier_s", "start_us")
        ),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("minimum", sa.Double(), nullable=True),
        sa.Column("minimum_at_us", sa.BigInteger(), nullable=True),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("maximum_at_us", sa.BigInteger(), nullable=True),
        *(
            sa.Column(name, sa.Double(), nullable=True)
            for name in ("low", "high", "sigma")
        ),
        sa.PrimaryKeyConstraint(
            "series_id", "tier_s", "start_us", name="pk_trend_bucket"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trend_horizon",
        sa.Column("tier_s", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("before_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tier_s", name="pk_trend_horizon"),
    )


def _create_hardware() -> None:
    op.create_table(
        "hardware_epoch",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("cavity", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=True),
        sa.Column("installed_at_us", sa.BigInteger(), nullable=False),
        sa.Column("removed_at_us", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cavity"], ["cavity.id"], name="fk_hardware_epoch_cavity_cavity"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_hardware_epoch"),
        sa.UniqueConstraint(
            "cavity",
            "slot",
            "installed_at_us",
            name="uq_hardware_epoch_cavity_slot_installed_at_us",
        ),
    )
    _create_named("thermal_cycle")
    _create_named("run", "title")
    op.create_table(
        "run_step",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("started_at_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_run_step_run_run"),
        sa.PrimaryKeyConstraint("run", "step", name="pk_run_step"),
    )
    op.create_table(
        "calibration",
        sa.Column("id", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("instrument", "cavity", "kind")
        ),
        sa.Column("performed_at_us", sa.BigInteger(), nullable=True),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=True),
        sa.Column("performed_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calibration"),
    )
    op.create_index("ix_calibration_performed_at", "calibration", ["performed_at_us"])


def _create_named(table: str, *texts: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in texts),
        sa.Column("started_at_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )


def _batches(
    connection: sa.Connection, table: str, columns: str = "*"
) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield the rows of a table in the order of their ids, some at a time."""
    after = ""
    while True:
        rows = connection.execute(
            sa.text(
                f"SELECT {columns} FROM {table} WHERE sweep_id > :after "
                f"ORDER BY sweep_id LIMIT {BATCH}"
            ),
            {"after": after},
        ).all()
        if not rows:
            return
        yield rows
        after = rows[-1].sweep_id


def _move(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> None:
    months: dict[str, list[Payload]] = {}
    for row in rows:
        payload = Payload(
            sweep_id=row.sweep_id,
            codec=row.codec,
            codec_version=row.codec_version,
            blob=bytes(row.payload),
        )
        months.setdefault(month_of(row.sweep_id), []).append(payload)
    for month, payloads in months.items():
        if connection.dialect.name == "postgresql":
            # As the table is at this revision.
            ensure_partition(connection, month)
            connection.execute(
                _PAYLOAD.insert(),
                [
                    {
                        "sweep_id": one.sweep_id,
                        "codec": one.codec,
                        "codec_version": one.codec_version,
                        "size_bytes": len(one.blob),
                        "payload": one.blob,
                    }
                    for one in payloads
                ],
            )
        else:
            append_payloads(connection, month, payloads)


def _fill_runs(connection: sa.Connection) -> None:
    """Lift run and step out of the details, and list what the sweeps name."""
    is_sqlite = connection.dialect.name == "sqlite"
    for name in ("run", "step"):
        value = (
            f"json_extract(details, '$.{name}')"
            if is_sqlite
            else f"details::json->>'{name}'"
        )
        op.execute(
            f"UPDATE sweep SET {name} = {value} WHERE details LIKE '%\"{name}\"%'"
        )
    named = (
        "INSERT INTO {0} (id, started_at_us, recorded_at_us) SELECT {1}, "
        "min(measured_at_us), min(received_at_us) FROM sweep "
        "WHERE {1} IS NOT NULL GROUP BY {1}"
    )
    op.execute(named.format("thermal_cycle", "thermal_cycle"))
    op.execute(named.format("run", "run"))
    op.execute(
        "INSERT INTO run_step (run, step, started_at_us, recorded_at_us) "
        "SELECT run, step, min(measured_at_us), min(received_at_us) FROM sweep "
        "WHERE run IS NOT NULL AND step IS NOT NULL GROUP BY run, step"
    )


def _fill_trends() -> None:
    """Roll up what was judged so far; of several judgements the last counts."""
    for quantity, (purpose, column, *ends) in TRENDS.items():
        op.execute(
            "INSERT INTO trend_series (cavity, quantity) "
            f"SELECT DISTINCT cavity, '{quantity}' FROM diagnosis "
            f"WHERE purpose = '{purpose}'"
        )
        stem = column.removesuffix("_k").removesuffix("_tesla")
        spread = (
            f"{stem}{ends[0]}, {stem}{ends[1]}, NULL"
            if ends
            else f"NULL, NULL, {column.removesuffix('_hz')}_sigma"
            + ("_hz" if column.endswith("_hz") else "")
        )
        op.execute(
            "INSERT INTO trend_point (series_id, at_us, value, low, high, sigma) "
            f"SELECT trend_series.id, measured_at_us, {column}, {spread} "
            "FROM diagnosis JOIN trend_series ON trend_series.cavity = "
            f"diagnosis.cavity AND trend_series.quantity = '{quantity}' "
            "WHERE diagnosis.id IN (SELECT max(id) FROM diagnosis "
            f"WHERE purpose = '{purpose}' AND role = 'live' "
            "GROUP BY cavity, measured_at_us)"
        )
    for tier_s in TIERS_S:
        width_us = tier_s * 1_000_000
        op.execute(
            "INSERT INTO trend_bucket (series_id, tier_s, start_us, count, total, "
            "minimum, minimum_at_us, maximum, maximum_at_us, low, high, sigma) "
            f"SELECT series_id, {tier_s}, start_us, count(value), "
            "coalesce(sum(value), 0), min(value), min(least_at_us), max(value), "
            "min(most_at_us), min(low), max(high), max(sigma) FROM ("
            f"SELECT *, at_us / {width_us} * {width_us} AS start_us, "
            "CASE WHEN value IS NOT NULL THEN first_value(at_us) OVER (PARTITION BY "
            f"series_id, at_us / {width_us} ORDER BY value IS NULL, value) END "
            "AS least_at_us, "
            "CASE WHEN value IS NOT NULL THEN first_value(at_us) OVER (PARTITION BY "
            f"series_id, at_us / {width_us} ORDER BY value IS NULL, value DESC) END "
            "AS most_at_us FROM trend_point) AS points GROUP BY series_id, start_us"
        )
