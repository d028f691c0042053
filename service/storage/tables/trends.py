"""Trends with their roll-ups, and readings."""

from sqlalchemy import BigInteger, Column, Double, Index, Table, Text, UniqueConstraint

from service.storage.tables.schema import Number, metadata

trend_series = Table(
    "trend_series",
    metadata,
    Column("id", Number, primary_key=True),
    Column("cavity", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    UniqueConstraint("cavity", "quantity"),
)

trend_point = Table(
    "trend_point",
    metadata,
    Column("series_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),
    Column("low", Double),
    Column("high", Double),
    Column("sigma", Double),
    sqlite_with_rowid=False,
)

trend_bucket = Table(
    "trend_bucket",
    metadata,
    Column("series_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tier_s", BigInteger, primary_key=True, autoincrement=False),
    Column("start_us", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
    Column("minimum", Double),
    Column("minimum_at_us", BigInteger),
    Column("maximum", Double),
    Column("maximum_at_us", BigInteger),
    Column("low", Double),
    Column("high", Double),
    Column("sigma", Double),
    sqlite_with_rowid=False,
)

trend_horizon = Table(
    "trend_horizon",
    metadata,
    # Seconds of the roll-up, 0 for the points themselves.
    Column("tier_s", BigInteger, primary_key=True, autoincrement=False),
    # Everything before was thinned away.
    Column("before_us", BigInteger, nullable=False),
)

reading = Table(
    "reading",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Text, nullable=False),
    Column("cavity", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("measured_at_us", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    # "" stands for no cavity and no source: NULL is never equal to NULL.
    UniqueConstraint("name", "cavity", "source", "measured_at_us"),
    Index("ix_reading_measured_at", "measured_at_us"),
)
