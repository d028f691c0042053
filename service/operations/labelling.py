"""People's labels: what a sweep may be called, and how that is told."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from instruments.measurement.limits import MAX_TEXT_LENGTH
from instruments.measurement.times import format_time
from service.errors import ConflictError, InvalidRequestError, NotFoundError
from service.operations.exporting.columns import KINDS, LABELS, NUMBER, TEXT
from service.operations.presenting import optional_time
from service.storage.engine import Transaction
from service.storage.labels import (
    LabelRecord,
    LabelValue,
    current_labels,
    labels_of,
    list_labels,
    put_label,
)

MAX_LABELS = 64
"""Most names that one sweep can be labelled by."""

HISTORY_COUNT = 1000
"""Most changes that are told of one sweep."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TAKEN = frozenset(KINDS) - frozenset(LABELS)
"""What a sweep or a model says; a label of that name would be taken for it."""


def check_label(name: str, value: LabelValue | None) -> LabelValue | None:
    """Return the value of a label as it is kept.

    Raises
    ------
    InvalidRequestError
        If the name is none, or the value is not what the name stands for.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"name: {name[:64]!r} must be 1 to 64 small letters, digits or underscores "
            "and start with a letter",
            {"field": "name"},
        )
    if name in _TAKEN:
        raise InvalidRequestError(
            f"name: {name} is what the sweep itself or a model says; take another",
            {"field": "name"},
        )
    if value is None:
        return None
    if name in LABELS and (KINDS[name] == TEXT) is not isinstance(value, str):
        kind = "word" if KINDS[name] == TEXT else "number"
        raise InvalidRequestError(f"value: {name} is a {kind}", {"field": "value"})
    if isinstance(value, str):
        return _word(value)
    if not math.isfinite(value):
        raise InvalidRequestError("value: must be finite", {"field": "value"})
    return float(value)


def label_sweep(transaction: Transaction, label: LabelRecord) -> dict[str, Any]:
    """Label a sweep, and return all of its labels.

    Raises
    ------
    NotFoundError
        If there is no such sweep.
    ConflictError
        If it has as many labels as a sweep may have.
    """
    known = _labels_that_count(transaction, label.sweep_id)
    if label.name not in known and len(known) >= MAX_LABELS:
        raise ConflictError(f"the sweep has {MAX_LABELS} labels; take one of those")
    if not put_label(transaction, label):
        raise NotFoundError(
            f"no sweep {label.sweep_id[:64]!r}; GET /api/v1/sweeps lists them"
        )
    return labels_json(transaction, label.sweep_id)


def labels_json(transaction: Transaction, sweep_id: str) -> dict[str, Any]:
    """Write the labels of a sweep: those that count, and the last of all there were."""
    history = list_labels(transaction, sweep_id, HISTORY_COUNT)
    return {
        "sweep_id": sweep_id,
        "labels": dict(sorted(_labels_that_count(transaction, sweep_id).items())),
        "history": [_entry(one) for one in history],
    }


def current_labels_json(
    transaction: Transaction, sweep_ids: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Write the labels that count of each sweep that has any, by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in current_labels(transaction, sweep_ids):
        found.setdefault(record.sweep_id, []).append(_entry(record))
    return found


def read_wanted(texts: Sequence[str]) -> Mapping[str, LabelValue | None]:
    """Read ``NAME=VALUE`` or ``NAME`` of a filter.

    Raises
    ------
    InvalidRequestError
        If one of them is no label.
    """
    wanted: dict[str, LabelValue | None] = {}
    for text in texts:
        name, has_value, given = text.partition("=")
        value: LabelValue | None = given if has_value else None
        try:
            if has_value and name in LABELS and KINDS[name] == NUMBER:
                value = float(given)
            wanted[name] = check_label(name, value)
        except (InvalidRequestError, ValueError) as error:
            raise InvalidRequestError(
                f"label: {text[:64]!r} must be NAME or NAME=VALUE, such as "
                f"condition=loose_connector ({error})",
                {"field": "label"},
            ) from None
    return wanted


def _labels_that_count(
    transaction: Transaction, sweep_id: str
) -> Mapping[str, LabelValue]:
    return labels_of(transaction, [sweep_id]).get(sweep_id, {})


def _word(value: str) -> str:
    if not 1 <= len(value) <= MAX_TEXT_LENGTH or not value.isprintable():
        raise InvalidRequestError(
            f"value: must be 1 to {MAX_TEXT_LENGTH} printable characters",
            {"field": "value"},
        )
    return value


def _entry(record: LabelRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "value": record.value,
        "by": record.labelled_by,
        "note": record.note,
        "labelled_at": format_time(record.labelled_at),
        "replaced_at": optional_time(record.replaced_at),
    }
