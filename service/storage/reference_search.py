"""Which reference a wide sweep is compared with."""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Subquery,
    bindparam,
    exists,
    not_,
    select,
    union_all,
)

from instruments.measurement import SweepPurpose
from instruments.measurement.flags import DATA_CORRUPTING
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.records import SweepRecord
from service.storage.sweep_queries import HEADS, NEWEST_FIRST, has_flag, read_record
from service.storage.times import to_us

POWER_TOLERANCE_DB = 0.05
"""Difference of source power up to which two sweeps count as driven alike."""

_S = tables.sweep.c
_R = tables.reference.c

_MOST_COMPARED = 16
"""References of other routes or drives that one search passes over."""


def serving_references(cavity: ColumnElement[str]) -> Subquery:
    """Return id and time of what serves a cavity as reference.

    What was registered and neither refused nor withdrawn, and wide sweeps that the
    DAQ called a reference and nobody has looked at yet: one that says so itself
    serves until its checks are done, a moment later.

    Parameters
    ----------
    cavity
        Its id, or that of each cavity of the query around.
    """
    registered = select(_R.sweep_id.label("id"), _R.measured_at_us).where(
        _R.cavity == cavity, _R.state.in_(("valid", "expired"))
    )
    fresh = select(_S.id, _S.measured_at_us).where(
        _S.cavity == cavity,
        _S.purpose == SweepPurpose.WIDE.value,
        _S.is_reference,
        ~exists().where(_R.sweep_id == _S.id),
    )
    parts = (part.correlate(tables.cavity) for part in (registered, fresh))
    return union_all(*parts).subquery()


# Every judged sweep asks for both, so they are built once.
_SERVING = serving_references(bindparam("cavity"))
_KNOWN = select(_SERVING.c.id, _SERVING.c.measured_at_us).order_by(
    _SERVING.c.measured_at_us.desc()
)
_LIKE = (
    HEADS.where(
        _S.id.in_(bindparam("known", expanding=True)),
        _S.purpose == SweepPurpose.WIDE.value,
        _S.thermal_cycle.is_not_distinct_from(bindparam("thermal_cycle")),
        _S.axis_hash == bindparam("axis_hash"),
        _S.s_parameters == bindparam("s_parameters"),
        *(not_(has_flag(flag)) for flag in sorted(DATA_CORRUPTING)),
    )
    .order_by(*NEWEST_FIRST)
    .limit(_MOST_COMPARED)
)


def find_reference(transaction: Transaction, sweep: SweepRecord) -> SweepRecord | None:
    """Find the reference of a wide sweep.

    The newest wide reference of the same cavity, thermal cycle, axis, trace names,
    route and source power that was not measured later. One whose flags say that its
    samples are void, that was refused or withdrawn, is none.
    """
    return find_references(transaction, [sweep])[0]


def find_references(
    transaction: Transaction, sweeps: Sequence[SweepRecord]
) -> list[SweepRecord | None]:
    """Find the reference of each of several sweeps; sweeps of one plan ask once."""
    known: dict[str, list[tuple[str, int]]] = {}
    alike: dict[tuple[object, ...], list[SweepRecord]] = {}
    found: list[SweepRecord | None] = []
    for sweep in sweeps:
        if sweep.purpose is not SweepPurpose.WIDE:
            found.append(None)
            continue
        # In two steps: the few references first, never a walk along all sweeps.
        if sweep.cavity not in known:
            rows = transaction.execute(_KNOWN, {"cavity": sweep.cavity})
            known[sweep.cavity] = [(row.id, row.measured_at_us) for row in rows]
        until_us = to_us(sweep.measured_at)
        serving = tuple(
            number
            for number, at_us in known[sweep.cavity]
            if at_us <= until_us and number != sweep.sweep_id
        )
        names = ",".join(sweep.s_parameters)
        key = (serving, sweep.thermal_cycle, sweep.axis_hash, names)
        if key not in alike:
            like = {
                "known": serving,
                "thermal_cycle": sweep.thermal_cycle,
                "axis_hash": sweep.axis_hash,
                "s_parameters": names,
            }
            alike[key] = []
            if serving:
                alike[key] += map(read_record, transaction.execute(_LIKE, like))
        matching = (one for one in alike[key] if is_alike(one, sweep))
        found.append(next(matching, None))
    return found


def is_alike(first: SweepRecord, second: SweepRecord) -> bool:
    """Tell whether two sweeps went the same route at the same drive."""
    return settings_difference(first, second) is None


def settings_difference(first: SweepRecord, second: SweepRecord) -> str | None:
    """Name what differs between two sweeps' settings; None where nothing does.

    What a sweep does not tell counts as the same.
    """
    routes = first.details.get("route"), second.details.get("route")
    if None not in routes and routes[0] != routes[1]:
        return f"route {routes[0]} and {routes[1]}"
    powers = [
        one.details.get("settings", {}).get("source_power_dbm")
        for one in (first, second)
    ]
    if None not in powers and abs(powers[0] - powers[1]) > POWER_TOLERANCE_DB:
        return f"source power {powers[0]:g} and {powers[1]:g} dBm"
    return None
