"""What sweeps name: hardware, thermal cycles, runs, steps, calibrations."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
)

from service.storage.tables.schema import Number, metadata


def _span() -> tuple[Column[int], ...]:
    return (Column("started_at_us", BigInteger), Column("ended_at_us", BigInteger))


def _said() -> tuple[Column[str], Column[int]]:
    """Return what somebody said of a thing, and when."""
    return (Column("note", Text), Column("recorded_at_us", BigInteger, nullable=False))


hardware_epoch = Table(
    "hardware_epoch",
    metadata,
    Column("id", Number, primary_key=True),
    Column("cavity", Text, ForeignKey("cavity.id"), nullable=False),
    Column("slot", Text, nullable=False),
    # NULL: the slot was empty.
    Column("component", Text),
    Column("installed_at_us", BigInteger, nullable=False),
    Column("removed_at_us", BigInteger),
    *_said(),
    UniqueConstraint("cavity", "slot", "installed_at_us"),
)

thermal_cycle = Table(
    "thermal_cycle", metadata, Column("id", Text, primary_key=True), *_span(), *_said()
)

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text),
    *_span(),
    *_said(),
)

run_step = Table(
    "run_step",
    metadata,
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    *_span(),
    *_said(),
)

calibration = Table(
    "calibration",
    metadata,
    Column("id", Text, primary_key=True),
    Column("instrument", Text),
    Column("cavity", Text),
    Column("kind", Text),
    Column("performed_at_us", BigInteger),
    Column("valid_until_us", BigInteger),
    Column("performed_by", Text),
    *_said(),
    Index("ix_calibration_performed_at", "performed_at_us"),
)
