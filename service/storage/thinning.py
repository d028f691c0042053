"""Rounds the samples of past months to their noise, each behind a sweep before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Row, select

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.months import id_range, month_of
from service.storage.payloads import (
    Payload,
    append_payloads,
    delete_payloads,
    packs_of,
)
from service.storage.quantising import (
    QUANTISED_ALONE,
    Neighbour,
    Rounded,
    Traces,
    encode_quantised,
)
from service.storage.retention import THINNED, due_rows
from service.storage.samples import ORIGINALS
from service.storage.sound_samples import note_damaged, read_sound

LOOK_BACK = 16
"""Sweeps of a cavity and purpose among which one is sought to lean on: so many at most
are lost with it, and what drifts does not drift far."""

_S = tables.sweep.c
_P = tables.sweep_payload.c

_Stream: TypeAlias = tuple[str, str, str, str]
"""Cavity, purpose, axis and names of the traces."""


def thin(
    transaction: Transaction, month: str, after: str, limit: int
) -> tuple[str, int]:
    """Quantise the next samples of a month; kept sweeps and references stay as is.

    What is damaged stays where it lies, and is noted.

    Returns
    -------
    tuple
        The last id that was looked at, "" where the month is through, and how many
        bytes were saved.
    """
    is_packed = packs_of(transaction) is not None
    is_due = _P.pack == month if is_packed else _P.codec.in_(ORIGINALS)
    rows = due_rows(transaction, month, after, limit, is_due)
    if not rows:
        return "", 0
    sound, damaged = read_sound(transaction, [row.sweep_id for row in rows])
    originals = {one.sweep_id: one for one in sound}
    batch = _Batch(transaction, originals)
    thinned = []
    for row in rows:
        if row.sweep_id not in damaged:
            try:
                thinned.append(batch.written(row))
            except ValueError as error:
                damaged[row.sweep_id] = str(error)
    note_damaged(transaction, damaged)
    if not is_packed:
        thinned = [one for one in thinned if one is not originals[one.sweep_id]]
    if thinned:
        delete_payloads(transaction, [one.sweep_id for one in thinned])
        append_payloads(transaction, month + THINNED, thinned)
    before = sum(len(originals[one.sweep_id].blob) for one in thinned)
    return rows[-1].sweep_id, before - sum(len(one.blob) for one in thinned)


@dataclass(slots=True)
class _Basis:
    """A rounded sweep of this batch, and how many came after it."""

    payload: Payload
    follower_count: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rounds sweeps in their order; later ones lean on earlier ones."""

    transaction: Transaction
    originals: Mapping[str, Payload]
    newest: dict[_Stream, _Basis] = field(default_factory=dict)

    def written(self, row: Row[Any]) -> Payload:
        """Return what is stored of a sweep from now on.

        Raises
        ------
        ValueError
            If its samples are damaged.
        """
        original = self.originals[row.sweep_id]
        if row.is_spared or original.codec not in ORIGINALS:
            return original
        names = row.s_parameters.split(",")
        traces = original.restore(names, row.point_count)
        basis = self._before(row)
        leant = None if basis is None else _restored(basis, row)
        found = None
        if basis is not None and leant is not None:
            found = encode_quantised(traces, Neighbour(leant, basis.sweep_id))
        if found is None or found.codec == QUANTISED_ALONE:
            found = encode_quantised(traces, self._behind(row))
        if found is None or len(found.blob) >= len(original.blob):
            return original
        return self._noted(row, found)

    def _noted(self, row: Row[Any], found: Rounded) -> Payload:
        payload = Payload(
            sweep_id=row.sweep_id, codec=found.codec, noise=found.noise, blob=found.blob
        )
        if found.codec == QUANTISED_ALONE:
            self.newest[_stream(row)] = _Basis(payload)
        return payload

    def _before(self, row: Row[Any]) -> Payload | None:
        """Find a sweep to lean on."""
        basis = self.newest.get(_stream(row))
        if basis is not None:
            basis.follower_count += 1
            return basis.payload if basis.follower_count <= LOOK_BACK else None
        earlier = (
            select(_S.id, _S.measured_at_us, _S.s_parameters, _S.axis_hash)
            .where(_S.cavity == row.cavity, _S.purpose == row.purpose)
            .where(_S.measured_at_us < row.measured_at_us)
            .order_by(_S.measured_at_us.desc())
            .limit(LOOK_BACK)
            .subquery()
        )
        # Of the same month: both go with it.
        first, end = id_range(month_of(row.sweep_id))
        query = (
            select(_P.sweep_id)
            .join(earlier, earlier.c.id == _P.sweep_id)
            .where(_P.codec == QUANTISED_ALONE)
            .where(_P.sweep_id >= first, _P.sweep_id < end)
            .where(
                earlier.c.axis_hash == row.axis_hash,
                earlier.c.s_parameters == row.s_parameters,
            )
            .order_by(earlier.c.measured_at_us.desc())
            .limit(1)
        )
        return self._read(self.transaction.execute(query).scalar())

    def _behind(self, row: Row[Any]) -> Neighbour | None:
        """Find the next sweep, to tell the noise of this one by; an original one."""
        query = (
            select(_S.id, _S.s_parameters, _S.axis_hash)
            .where(_S.cavity == row.cavity, _S.purpose == row.purpose)
            .where(_S.measured_at_us > row.measured_at_us)
            .order_by(_S.measured_at_us)
            .limit(1)
        )
        found = self.transaction.execute(query).one_or_none()
        alike = row.axis_hash, row.s_parameters
        if found is None or (found.axis_hash, found.s_parameters) != alike:
            return None
        payload = self.originals.get(found.id) or self._read(found.id)
        if payload is None or payload.codec not in ORIGINALS:
            return None
        traces = _restored(payload, row)
        return None if traces is None else Neighbour(traces)

    def _read(self, sweep_id: str | None) -> Payload | None:
        if sweep_id is None:
            return None
        # One that is damaged is none to lean on; it is noted when its turn comes.
        found, _ = read_sound(self.transaction, [sweep_id])
        return found[0] if found else None


def _restored(payload: Payload, row: Row[Any]) -> Traces | None:
    """Return the samples of a sweep alike; None where they are damaged."""
    try:
        return payload.restore(row.s_parameters.split(","), row.point_count)
    except ValueError:
        return None


def _stream(row: Row[Any]) -> _Stream:
    return row.cavity, row.purpose, row.axis_hash, row.s_parameters
