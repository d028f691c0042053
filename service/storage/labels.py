"""What people call a sweep: the labels that count, and those before them."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, insert, or_, select, update

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_L = tables.label.c
_S = tables.sweep.c

LabelValue = str | float
"""A word, or a number in the unit that the label's name ends in."""

_COUNTS = _L.replaced_at_us.is_(None) & or_(
    _L.text.is_not(None), _L.number.is_not(None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRecord:
    """What somebody called a sweep.

    Attributes
    ----------
    value
        None where the label was taken back.
    replaced_at
        When another one took its place; None where it counts.
    """

    sweep_id: str
    name: str
    value: LabelValue | None
    labelled_at: datetime
    labelled_by: str
    note: str | None = None
    replaced_at: datetime | None = None


def put_label(transaction: Transaction, label: LabelRecord) -> bool:
    """Label a sweep in place of an earlier label of that name, which is kept.

    Returns
    -------
    bool
        Whether the sweep is known.
    """
    # Two people who label one sweep at once come one after the other.
    lock = select(_S.id).where(_S.id == label.sweep_id)
    if transaction.execute(lock.with_for_update(key_share=True)).first() is None:
        return False
    at_us = to_us(label.labelled_at)
    transaction.execute(
        update(tables.label)
        .where(
            _L.sweep_id == label.sweep_id,
            _L.name == label.name,
            _L.replaced_at_us.is_(None),
        )
        .values(replaced_at_us=at_us)
    )
    is_text = isinstance(label.value, str)
    transaction.execute(
        insert(tables.label).values(
            sweep_id=label.sweep_id,
            name=label.name,
            text=label.value if is_text else None,
            number=None if is_text else label.value,
            labelled_at_us=at_us,
            labelled_by=label.labelled_by,
            note=label.note,
        )
    )
    return True


def list_labels(
    transaction: Transaction, sweep_id: str, limit: int
) -> list[LabelRecord]:
    """List the labels of a sweep with those that were replaced, the last first."""
    query = select(tables.label).where(_L.sweep_id == sweep_id)
    query = query.order_by(_L.id.desc()).limit(limit)
    return [_record(row) for row in transaction.execute(query)]


def current_labels(
    transaction: Transaction, sweep_ids: Sequence[str]
) -> list[LabelRecord]:
    """List the labels of some sweeps that count, by sweep and name."""
    query = select(tables.label).where(_L.sweep_id.in_(sweep_ids), _COUNTS)
    query = query.order_by(_L.sweep_id, _L.name)
    return [_record(row) for row in transaction.execute(query)]


def labels_of(
    transaction: Transaction, sweep_ids: Sequence[str]
) -> dict[str, dict[str, LabelValue]]:
    """Return sweep to name to value of the labels that count."""
    found: dict[str, dict[str, LabelValue]] = {}
    for one in current_labels(transaction, sweep_ids):
        if one.value is not None:
            found.setdefault(one.sweep_id, {})[one.name] = one.value
    return found


def has_label(
    sweep_id: ColumnElement[str], wanted: Mapping[str, LabelValue | None]
) -> ColumnElement[bool]:
    """Return the condition under which a sweep carries all of some labels.

    Parameters
    ----------
    wanted
        Name to value; None takes any value.
    """
    condition: ColumnElement[bool] = sweep_id.is_not(None)
    for name, value in wanted.items():
        query = select(_L.sweep_id).where(_COUNTS, _L.name == name)
        if value is not None:
            query = query.where(or_(*_equal(value)))
        condition &= sweep_id.in_(query)
    return condition


def _equal(value: LabelValue) -> Iterator[ColumnElement[bool]]:
    if isinstance(value, str):
        yield _L.text == value
    # A filter that came as text may mean a number.
    with contextlib.suppress(ValueError):
        yield _L.number == float(value)


def labelled() -> ColumnElement[bool]:
    """Return the condition under which somebody has labelled a sweep."""
    return _S.id.in_(select(_L.sweep_id).where(_COUNTS))


def _record(row: Row[tuple[object, ...]]) -> LabelRecord:
    replaced_us = row.replaced_at_us
    return LabelRecord(
        sweep_id=row.sweep_id,
        name=row.name,
        value=row.number if row.text is None else row.text,
        labelled_at=from_us(row.labelled_at_us),
        labelled_by=row.labelled_by,
        note=row.note,
        replaced_at=None if replaced_us is None else from_us(replaced_us),
    )
