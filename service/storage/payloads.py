"""Where samples lie: in pack files beside SQLite, in monthly partitions elsewhere."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import numpy as np
import numpy.typing as npt
import orjson
from sqlalchemy import bindparam, delete, select, text

from service.storage import tables
from service.storage.checksums import checksum
from service.storage.codec import CODEC_VERSION, check_codec
from service.storage.engine import Transaction
from service.storage.months import id_range, month_of, month_start, name_month
from service.storage.packs import PackedBlob, PackFolder
from service.storage.quantising import (
    QUANTISED_LEANING,
    decode_leaning,
    leans_on,
)
from service.storage.samples import decode_samples
from service.storage.statements import BulkInsert

_P = tables.sweep_payload.c
_PLAIN = (_P.sweep_id, _P.codec, _P.codec_version, _P.noise, _P.pack, _P.position)

_COMMON = (_P.sweep_id, _P.codec, _P.codec_version, _P.size_bytes, _P.noise)
_insert_blobs = BulkInsert(*_COMMON, _P.payload, _P.checksum)
_insert_places = BulkInsert(*_COMMON, _P.pack, _P.position)

# Built once: every judged sweep asks.
_PLACES, _BLOBS = (
    select(*_PLAIN, *columns)
    .where(_P.sweep_id.in_(bindparam("ids", expanding=True)))
    .order_by(_P.sweep_id)
    for columns in ((_P.size_bytes,), (_P.payload, _P.checksum))
)

PARTITIONS_AHEAD = 2
"""Months that get their PostgreSQL partition before they begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The samples of one sweep as they are stored.

    Attributes
    ----------
    noise
        Trace name to standard deviation of its noise per quadrature, in units of
        the trace; None where the samples are the original ones.
    basis
        That of the sweep which the blob leans on; None where it leans on none, or
        where that is gone.
    """

    sweep_id: str
    codec: int
    codec_version: int = CODEC_VERSION
    noise: Mapping[str, float] | None = None
    blob: bytes
    basis: "Payload | None" = None

    def restore(
        self, names: Sequence[str], point_count: int
    ) -> dict[str, npt.NDArray[np.complex64]]:
        """Return the samples of each trace, shape (point,).

        Raises
        ------
        ValueError
            If the blob is damaged or of another edition, or what it leans on is gone.
        """
        codec = self.codec, self.codec_version
        if self.codec != QUANTISED_LEANING:
            return decode_samples(*codec, self.blob, names, point_count)
        check_codec(*codec, QUANTISED_LEANING)
        basis = self.basis_traces(names, point_count)
        return decode_leaning(self.blob, names, point_count, basis)

    def basis_traces(
        self, names: Sequence[str], point_count: int
    ) -> dict[str, npt.NDArray[np.complex64]]:
        """Return the samples that a blob of codec 8 leans on.

        Raises
        ------
        ValueError
            If they are gone or damaged.
        """
        if self.basis is None:
            raise ValueError(f"the samples of {leans_on(self.blob)} it needs are gone")
        return self.basis.restore(names, point_count)


def packs_of(transaction: Transaction) -> PackFolder | None:
    """Return the pack files of the database; None over PostgreSQL."""
    packs = transaction.get_execution_options().get("halowatch_packs")
    assert packs is None or isinstance(packs, PackFolder)
    return packs


def insert_payloads(transaction: Transaction, payloads: Sequence[Payload]) -> None:
    """Store samples; over SQLite they are on disk when this returns.

    Raises
    ------
    StorageUnavailableError
        If the disk refuses.
    """
    ids = [one.sweep_id for one in payloads]
    first, last = month_of(min(ids)), month_of(max(ids))
    if first == last:
        append_payloads(transaction, first, payloads)
        return
    for month, found in groupby(payloads, lambda one: month_of(one.sweep_id)):
        append_payloads(transaction, month, list(found))


@contextlib.contextmanager
def inserting_payloads(
    transaction: Transaction, payloads: Sequence[Payload]
) -> Iterator[None]:
    """Store samples; over SQLite they are on disk when the block ends.

    The disk works while the block runs.

    Raises
    ------
    StorageUnavailableError
        At either end, if the disk refuses.
    """
    packs, month = packs_of(transaction), month_of(payloads[0].sweep_id)
    if packs is None or any(month_of(one.sweep_id) != month for one in payloads):
        insert_payloads(transaction, payloads)
        yield
        return
    blobs = [(one.sweep_id, one.blob) for one in payloads]
    with packs.appending(month, blobs) as places:
        _insert_places(transaction, _placed(payloads, places))
        yield


def append_payloads(
    transaction: Transaction, pack: str, payloads: Sequence[Payload]
) -> None:
    """Store samples of one month, over SQLite in a pack by name.

    Raises
    ------
    StorageUnavailableError
        If the disk refuses.
    """
    packs = packs_of(transaction)
    if packs is None:
        ensure_partition(transaction, month_of(payloads[0].sweep_id))
        blobs = [(*_row(one), one.blob, checksum(one.blob)) for one in payloads]
        _insert_blobs(transaction, blobs)
    else:
        places = packs.append(pack, [(one.sweep_id, one.blob) for one in payloads])
        _insert_places(transaction, _placed(payloads, places))


def read_payloads(transaction: Transaction, sweep_ids: Sequence[str]) -> list[Payload]:
    """Read the samples of several sweeps, by id; those that are gone are left out.

    What they lean on is read, too.

    Raises
    ------
    StorageUnavailableError
        If the pack cannot be read.
    ValueError
        If it does not hold what was written.
    """
    payloads = _read(transaction, sweep_ids)
    leant = {
        one.sweep_id: leans_on(one.blob)
        for one in payloads
        if one.codec == QUANTISED_LEANING
    }
    if not leant:
        return payloads
    found = _read(transaction, sorted(set(leant.values())))
    bases = {one.sweep_id: one for one in found}
    return [
        replace(one, basis=bases.get(leant.get(one.sweep_id, ""))) for one in payloads
    ]


def _read(transaction: Transaction, sweep_ids: Sequence[str]) -> list[Payload]:
    packs = packs_of(transaction)
    query = _BLOBS if packs is None else _PLACES
    payloads = []
    for row in transaction.execute(query, {"ids": list(sweep_ids)}):
        if packs is None:
            blob = bytes(row.payload)
            if row.checksum is not None and checksum(blob) != row.checksum:
                raise ValueError(f"the blob of {row.sweep_id} is damaged")
        else:
            place = PackedBlob(row.pack, row.position, row.size_bytes)
            blob = packs.read(row.sweep_id, place)
        payloads.append(
            Payload(
                sweep_id=row.sweep_id,
                codec=row.codec,
                codec_version=row.codec_version,
                noise=None if row.noise is None else orjson.loads(row.noise),
                blob=blob,
            )
        )
    return payloads


def delete_payloads(transaction: Transaction, sweep_ids: Iterable[str]) -> None:
    """Forget where samples lie; their bytes go with the pack or partition."""
    query = delete(tables.sweep_payload).where(_P.sweep_id.in_(list(sweep_ids)))
    transaction.execute(query)


def describe_payload(
    transaction: Transaction, sweep_id: str
) -> tuple[int, Mapping[str, float] | None] | None:
    """Tell codec and noise of a sweep's samples without reading them."""
    query = select(_P.codec, _P.noise).where(_P.sweep_id == sweep_id)
    row = transaction.execute(query).one_or_none()
    if row is None:
        return None
    return row.codec, None if row.noise is None else orjson.loads(row.noise)


def ensure_partitions(transaction: Transaction, now: datetime) -> None:
    """Make the PostgreSQL partitions of this month and the next ones."""
    month = name_month(now)
    for ahead in range(PARTITIONS_AHEAD + 1):
        ensure_partition(transaction, name_month(month_start(month, ahead)))


def ensure_partition(transaction: Transaction, month: str) -> None:
    """Make the PostgreSQL partition of a month; nothing to do over SQLite."""
    if packs_of(transaction) is not None:
        return
    name = partition_name(month)
    known = text("SELECT to_regclass(:name)")
    if transaction.execute(known, {"name": name}).scalar_one() is not None:
        return
    transaction.execute(text("SELECT pg_advisory_xact_lock(7223051)"))
    first, last = id_range(month)
    transaction.execute(
        text(
            # A key of its own: pg_restore cannot drop one that is inherited.
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF sweep_payload "
            f"(PRIMARY KEY (sweep_id)) FOR VALUES FROM ('{first}') TO ('{last}')"
        )
    )
    external = f"ALTER TABLE {name} ALTER payload SET STORAGE EXTERNAL"
    transaction.execute(text(external))


def partition_name(month: str) -> str:
    """Return the name of the partition of a month."""
    return f"{tables.sweep_payload.name}_{month.replace('-', '_')}"


def _placed(
    payloads: Sequence[Payload], places: Sequence[PackedBlob]
) -> list[tuple[object, ...]]:
    return [
        (*_row(one), place.pack, place.position)
        for one, place in zip(payloads, places, strict=True)
    ]


def _row(payload: Payload) -> tuple[object, ...]:
    noise = payload.noise
    return (
        payload.sweep_id,
        payload.codec,
        payload.codec_version,
        len(payload.blob),
        None if noise is None else orjson.dumps(dict(noise)).decode(),
    )
