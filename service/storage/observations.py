"""Reads what the alarm rules look at."""

import orjson
from sqlalchemy import Integer, bindparam, select

from instruments.measurement import SweepPurpose
from service.alerts.rules import Observation
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.model_records import Role
from service.storage.times import from_us

_D = tables.diagnosis.c

# Built once: every sweep asks for several rules.
_RECENT = (
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
        _D.record,
    )
    .where(_D.cavity == bindparam("cavity"), _D.purpose == bindparam("purpose"))
    .order_by(_D.measured_at_us.desc(), _D.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_COUNTED = _RECENT.where(_D.role == Role.LIVE.value)
_OF_VERSION = _RECENT.where(_D.model_version == bindparam("model_version"))


def recent_observations(
    transaction: Transaction,
    cavity: str,
    purpose: SweepPurpose,
    model_version: str | None,
    limit: int,
) -> list[Observation]:
    """Return what was last judged of a cavity, newest measurement first.

    Parameters
    ----------
    model_version
        Whose judgement; None takes whatever counted at its time.
    """
    asked: dict[str, str | int] = {
        "cavity": cavity,
        "purpose": purpose.value,
        "limit": limit,
    }
    query = _COUNTED
    if model_version is not None:
        query = _OF_VERSION
        asked["model_version"] = model_version
    return [
        Observation(
            sweep_id=row.sweep_id,
            measured_at=from_us(row.measured_at_us),
            condition_state=row.condition_state,
            condition_label=row.condition_label,
            is_out_of_distribution=row.out_of_distribution,
            temperature_state=row.temperature_state,
            temperature_p05_k=row.temperature_p05_k,
            temperature_p95_k=row.temperature_p95_k,
            resonance_state=row.resonance_state,
            integrity=tuple(orjson.loads(row.record)["integrity"]),
        )
        for row in transaction.execute(query, asked)
    ]
