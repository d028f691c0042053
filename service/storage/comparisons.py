"""Reads what two model versions said of the same sweeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, select

from instruments.measurement import SweepPurpose
from service.alerts.rules import Observation
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one version said of a sweep.

    Attributes
    ----------
    estimates
        Quantity to (median, p05, p95), None where it was not estimated.
    """

    observation: Observation
    estimates: dict[str, tuple[float, float, float] | None]


@dataclass(frozen=True, slots=True)
class Pair:
    """A sweep that both versions judged."""

    cavity: str
    purpose: SweepPurpose
    first: Opinion
    second: Opinion


def paired_opinions(
    transaction: Transaction,
    versions: tuple[str, str],
    *,
    since: datetime | None,
    limit: int,
) -> Iterator[Pair]:
    """Read the sweeps that two versions judged, by cavity, purpose and time."""
    first, second = (tables.diagnosis.alias(name) for name in ("first", "second"))
    query = (
        select(*_columns(first, "a"), *_columns(second, "b"))
        .join_from(first, second, first.c.sweep_id == second.c.sweep_id)
        .where(
            first.c.model_version == versions[0], second.c.model_version == versions[1]
        )
        .order_by(first.c.cavity, first.c.purpose, first.c.measured_at_us, first.c.id)
        .limit(limit)
    )
    if since is not None:
        query = query.where(first.c.measured_at_us >= to_us(since))
    for row in transaction.execute(query):
        yield Pair(
            cavity=row.a_cavity,
            purpose=SweepPurpose(row.a_purpose),
            first=_opinion(row, "a"),
            second=_opinion(row, "b"),
        )


_NAMES = (
    "sweep_id",
    "cavity",
    "purpose",
    "measured_at_us",
    "condition_state",
    "condition_label",
    "out_of_distribution",
    "temperature_state",
    "temperature_k",
    "temperature_p05_k",
    "temperature_p95_k",
    "magnetic_field_tesla",
    "magnetic_field_p05_tesla",
    "magnetic_field_p95_tesla",
    "resonance_state",
    "record",
)


def _columns(side: Any, prefix: str) -> list[Any]:
    return [side.c[name].label(f"{prefix}_{name}") for name in _NAMES]


def _opinion(row: Row[Any], prefix: str) -> Opinion:
    def get(name: str) -> Any:
        return getattr(row, f"{prefix}_{name}")

    observation = Observation(
        sweep_id=get("sweep_id"),
        measured_at=from_us(get("measured_at_us")),
        condition_state=get("condition_state"),
        condition_label=get("condition_label"),
        is_out_of_distribution=get("out_of_distribution"),
        temperature_state=get("temperature_state"),
        temperature_p05_k=get("temperature_p05_k"),
        temperature_p95_k=get("temperature_p95_k"),
        resonance_state=get("resonance_state"),
        integrity=tuple(orjson.loads(get("record"))["integrity"]),
    )
    return Opinion(
        observation,
        {
            "temperature_k": _quantiles(get, "temperature", "k"),
            "magnetic_field_tesla": _quantiles(get, "magnetic_field", "tesla"),
        },
    )


def _quantiles(get: Any, stem: str, unit: str) -> tuple[float, float, float] | None:
    names = (f"{stem}_{unit}", f"{stem}_p05_{unit}", f"{stem}_p95_{unit}")
    values = [get(name) for name in names]
    if any(value is None for value in values):
        return None
    return float(values[0]), float(values[1]), float(values[2])
