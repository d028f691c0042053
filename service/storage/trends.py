"""Reads the narrow columns of diagnoses: for trends and for the rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from instruments.measurement import SweepPurpose
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_D = tables.diagnosis.c

MAX_TREND_ROWS = 200_000
"""Most diagnoses that one trend looks at, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules need of one diagnosis."""

    sweep_id: str
    measured_at: datetime
    condition_state: str
    condition_label: str
    is_out_of_distribution: bool
    temperature_state: str
    temperature_p05_k: float | None
    temperature_p95_k: float | None
    resonance_state: str | None


def recent_verdicts(
    transaction: Transaction,
    cavity: str,
    purpose: SweepPurpose,
    model_version: str | None,
    limit: int,
) -> list[Verdict]:
    """Return the last verdicts on a cavity, newest measurement first.

    Parameters
    ----------
    model_version
        Whose verdicts; None takes those of every model.
    """
    query = (
        select(
            _D.sweep_id,
            _D.measured_at_us,
            _D.condition_state,
            _D.condition_label,
            _D.out_of_distribution,
            _D.temperature_state,
            _D.temperature_p05_k,
            _D.temperature_p95_k,
            _D.resonance_state,
        )
        .where(_D.cavity == cavity, _D.purpose == purpose.value)
        .order_by(_D.measured_at_us.desc(), _D.id.desc())
        .limit(limit)
    )
    if model_version is not None:
        query = query.where(_D.model_version == model_version)
    return [
        Verdict(
            sweep_id=row.sweep_id,
            measured_at=from_us(row.measured_at_us),
            condition_state=row.condition_state,
            condition_label=row.condition_label,
            is_out_of_distribution=row.out_of_distribution,
            temperature_state=row.temperature_state,
            temperature_p05_k=row.temperature_p05_k,
            temperature_p95_k=row.temperature_p95_k,
            resonance_state=row.resonance_state,
        )
        for row in transaction.execute(query)
    ]


def trend(
    transaction: Transaction,
    cavity: str,
    purposes: Sequence[SweepPurpose],
    columns: Sequence[str],
    *,
    measured_from: datetime | None,
    measured_to: datetime | None,
) -> list[tuple[Any, ...]]:
    """Read columns over time, oldest first.

    Returns
    -------
    list
        Rows of (seconds since 1970, column, column, ...).
    """
    query = select(_D.measured_at_us, *(_D[name] for name in columns)).where(
        _D.cavity == cavity, _D.purpose.in_([purpose.value for purpose in purposes])
    )
    if measured_from is not None:
        query = query.where(_D.measured_at_us >= to_us(measured_from))
    if measured_to is not None:
        query = query.where(_D.measured_at_us < to_us(measured_to))
    query = query.order_by(_D.measured_at_us.desc(), _D.id.desc()).limit(MAX_TREND_ROWS)
    rows = [(row[0] / 1e6, *row[1:]) for row in transaction.execute(query)]
    return rows[::-1]
