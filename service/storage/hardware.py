"""Which component sat in which slot of a cavity, from when to when."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from service.storage import tables
from service.storage.campaign_records import HardwareEpochRecord
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_H = tables.hardware_epoch.c


def install_component(
    transaction: Transaction,
    cavity: str,
    slot: str,
    component: str | None,
    *,
    at: datetime,
    note: str | None,
    now: datetime,
) -> HardwareEpochRecord:
    """Record that from a time on a component sits in a slot.

    The epoch that ran at that time ends there, and the new one lasts until the next
    that is recorded, so that epochs of a slot never overlap. An epoch that began at
    the very time is corrected in place.

    Parameters
    ----------
    component
        What sits there, by serial number or name; None leaves the slot empty.
    """
    at_us = to_us(at)
    ours = (_H.cavity == cavity, _H.slot == slot)
    same = select(_H.id).where(*ours, _H.installed_at_us == at_us)
    number = transaction.execute(same).scalar_one_or_none()
    values: dict[str, Any] = {
        "component": component,
        "note": note,
        "recorded_at_us": to_us(now),
    }
    if number is None:
        next_us = transaction.execute(
            select(_H.installed_at_us)
            .where(*ours, _H.installed_at_us > at_us)
            .order_by(_H.installed_at_us)
            .limit(1)
        ).scalar_one_or_none()
        running = or_(_H.removed_at_us.is_(None), _H.removed_at_us > at_us)
        transaction.execute(
            update(tables.hardware_epoch)
            .where(*ours, _H.installed_at_us < at_us, running)
            .values(removed_at_us=at_us)
        )
        key = {"cavity": cavity, "slot": slot, "installed_at_us": at_us}
        new = insert(tables.hardware_epoch).values(
            **key, **values, removed_at_us=next_us
        )
        number = transaction.execute(new.returning(_H.id)).scalar_one()
    else:
        change = update(tables.hardware_epoch).where(_H.id == number)
        transaction.execute(change.values(values))
    row = transaction.execute(
        select(tables.hardware_epoch).where(_H.id == number)
    ).one()
    return _record(row)


def list_epochs(
    transaction: Transaction,
    *,
    cavity: str | None = None,
    slot: str | None = None,
    component: str | None = None,
    at: datetime | None = None,
    limit: int = 1000,
) -> list[HardwareEpochRecord]:
    """List hardware epochs, the last installed first.

    Parameters
    ----------
    at
        Only those that ran then.
    """
    query = select(tables.hardware_epoch).order_by(
        _H.installed_at_us.desc(), _H.id.desc()
    )
    for column, value in (
        (_H.cavity, cavity),
        (_H.slot, slot),
        (_H.component, component),
    ):
        if value is not None:
            query = query.where(column == value)
    if at is not None:
        query = query.where(
            _H.installed_at_us <= to_us(at),
            or_(_H.removed_at_us.is_(None), _H.removed_at_us > to_us(at)),
        )
    return [_record(row) for row in transaction.execute(query.limit(limit))]


def _record(row: Row[Any]) -> HardwareEpochRecord:
    removed_us = row.removed_at_us
    return HardwareEpochRecord(
        cavity=row.cavity,
        slot=row.slot,
        component=row.component,
        installed_at=from_us(row.installed_at_us),
        removed_at=None if removed_us is None else from_us(removed_us),
        note=row.note,
    )
