"""Cavities, sweeps, their samples, and what people call them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from service.storage.tables.schema import (
    Flag,
    Number,
    OrderedText,
    metadata,
    partial_index,
)

cavity = Table(
    "cavity",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text),
    Column("enabled", Flag, nullable=False),
    Column("vna", Text),
    Column("expected_resonant_frequency_hz", Double),
    Column("expected_loaded_q", Double),
    Column("expected_coupling_beta", Double),
    Column("sweep_period_s", Double),
    Column("thermal_cycle", Text),
    Column("temperature_limit_k", Double),
    Column("magnetic_field_limit_tesla", Double),
    Column("registered_at_us", BigInteger, nullable=False),
)

axis = Table(
    "axis",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("point_count", BigInteger, nullable=False),
    Column("start_frequency_hz", Double, nullable=False),
    Column("stop_frequency_hz", Double, nullable=False),
    Column("codec", BigInteger, nullable=False),
    Column("codec_version", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

sweep = Table(
    "sweep",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("cavity", Text, ForeignKey("cavity.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("received_at_us", BigInteger, nullable=False),
    Column("is_reference", Flag, nullable=False),
    Column("thermal_cycle", Text),
    Column("s_parameters", Text, nullable=False),
    Column("point_count", BigInteger, nullable=False),
    Column("axis_hash", Text, ForeignKey("axis.hash"), nullable=False),
    Column("details", Text, nullable=False),
    # Flags with a comma on both sides of each, so that one is found as a whole.
    Column("flags", Text, nullable=False, server_default=""),
    Column("run", Text),
    Column("step", Text),
    # Retention leaves these alone, and references.
    Column("keep", Flag, nullable=False, server_default=false()),
    # Place in the order of commits, see ``service.storage.arrivals``; over PostgreSQL
    # its default takes the next of a sequence. NULL: stored before there were such
    # numbers, and in front of all that have one, in the order of the ids.
    Column("arrival", BigInteger),
    UniqueConstraint("key"),
    Index("ix_sweep_newest", "cavity", "purpose", "measured_at_us"),
    Index("ix_sweep_measured_at", "measured_at_us", "id"),
    partial_index("ix_sweep_flagged", "measured_at_us", "id", where="flags <> ''"),
    partial_index(
        "ix_sweep_reference",
        "cavity",
        "purpose",
        "measured_at_us",
        where="is_reference",
        in_sqlite="is_reference = 1",
    ),
    partial_index("ix_sweep_run", "run", "measured_at_us", where="run IS NOT NULL"),
    partial_index(
        "ix_sweep_kept", "measured_at_us", "id", where="keep", in_sqlite="keep = 1"
    ),
    partial_index(
        "ix_sweep_arrival", "arrival", unique=True, where="arrival IS NOT NULL"
    ),
    partial_index("ix_sweep_unnumbered", "id", where="arrival IS NULL"),
)

# Sweeps measured until then may have their bare content hash as key; no row: none has.
key_form = Table(
    "key_form",
    metadata,
    Column("bare_until_us", BigInteger, primary_key=True, autoincrement=False),
)

# Over PostgreSQL partitioned by month of receipt, which the ids tell; there the blob
# stands in ``payload``. Over SQLite it lies in a pack file.
sweep_payload = Table(
    "sweep_payload",
    metadata,
    Column("sweep_id", OrderedText, primary_key=True),
    Column("codec", BigInteger, nullable=False),
    Column("codec_version", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("noise", Text),
    Column("pack", Text),
    Column("position", BigInteger),
    Column("payload", LargeBinary),
    # CRC-32 of ``payload``; a pack has its own.
    Column("checksum", BigInteger),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (sweep_id)",
)

# What retention could not read and left where it lies.
damaged_sweep = Table(
    "damaged_sweep",
    metadata,
    Column("sweep_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
)

payload_month = Table(
    "payload_month",
    metadata,
    Column("month", Text, primary_key=True),
    Column("thinned_at_us", BigInteger),
    Column("expired_at_us", BigInteger),
    Column("forgotten_at_us", BigInteger),
)

label = Table(
    "label",
    metadata,
    Column("id", Number, primary_key=True),
    Column("sweep_id", Text, ForeignKey("sweep.id"), nullable=False),
    Column("name", Text, nullable=False),
    # Either of the two; neither: the label was taken back.
    Column("text", Text),
    Column("number", Double),
    Column("labelled_at_us", BigInteger, nullable=False),
    Column("labelled_by", Text, nullable=False),
    Column("note", Text),
    # NULL: it counts.
    Column("replaced_at_us", BigInteger),
    partial_index(
        "ix_label_current",
        "sweep_id",
        "name",
        unique=True,
        where="replaced_at_us IS NULL",
    ),
    partial_index(
        "ix_label_value", "name", "text", "sweep_id", where="replaced_at_us IS NULL"
    ),
    Index("ix_label_sweep_id", "sweep_id", "id"),
    sqlite_autoincrement=True,
)
