"""Puts samples that are damaged back from a backup, while the database is in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from service.storage import tables
from service.storage.backup_manifest import check_engine, read_backup
from service.storage.backup_samples import read_samples
from service.storage.damage import Damage, find_damage
from service.storage.engine import Database, Transaction, take_time
from service.storage.months import month_of
from service.storage.payloads import (
    Payload,
    append_payloads,
    delete_payloads,
    packs_of,
)
from service.storage.retention import (
    KEPT_PACK,
    THINNED,
    expired_months,
    standing_alone,
)
from service.storage.sound_samples import forget_damaged, read_sound, shapes_of

_P = tables.sweep_payload.c
_M = tables.payload_month.c


@dataclass(frozen=True, slots=True)
class MendReport:
    """What came back.

    Attributes
    ----------
    mended
        Sweeps that can be read again, by id.
    left
        Sweeps that are damaged still, by id.
    """

    mended: tuple[str, ...]
    left: tuple[str, ...]


def mend(database: Database, folder: Path) -> MendReport:
    """Put back what is damaged, as far as a backup holds it.

    Nothing else is touched; writers wait no longer than one damage takes.

    Raises
    ------
    BackupError
        If the backup is not whole, or of the other engine.
    StorageUnavailableError
        If the database cannot be read or written.
    """
    check_engine(read_backup(folder), database, folder)
    with database.read() as transaction:
        take_time(transaction)
        report = find_damage(transaction)
    held = read_samples(database, folder, report.sweep_ids)
    mended: set[str] = set()
    left: set[str] = set()
    for damage in report.damages:
        with database.write() as transaction:
            lost = _lost(transaction, damage)
            readable = _put_back(transaction, damage, lost, held)
        mended |= readable
        left |= set(lost) - readable
    return MendReport(tuple(sorted(mended)), tuple(sorted(left - mended)))


def _lost(transaction: Transaction, damage: Damage) -> list[str]:
    """List what is to come back; what retention has dropped is not."""
    ours = select(_P.sweep_id).where(_P.sweep_id == damage.sweep_id)
    is_dropped = transaction.execute(ours).first() is None and (
        month_of(damage.sweep_id) in expired_months(transaction)
    )
    return damage.leaning if is_dropped else [damage.sweep_id, *damage.leaning]


def _put_back(
    transaction: Transaction,
    damage: Damage,
    lost: Sequence[str],
    held: Mapping[str, Payload],
) -> set[str]:
    """Put one damage back with all that leans on it, and tell what can be read now.

    Whoever leans on samples needs the very bytes. So either these are in the backup, or
    all that lean on them come from it, too, each for itself.
    """
    replaced = _alone(transaction, [held[one] for one in lost if one in held])
    if len(replaced) < len(lost):
        basis = held.get(damage.sweep_id)
        if basis is None or not _is_same(transaction, basis):
            return set()
        replaced = [basis]
    delete_payloads(transaction, [one.sweep_id for one in replaced])
    pack = _pack_of(transaction, month_of(damage.sweep_id))
    append_payloads(transaction, pack, replaced)
    sound, _ = read_sound(transaction, lost)
    readable = {one.sweep_id for one in sound}
    forget_damaged(transaction, readable)
    return readable


def _alone(transaction: Transaction, payloads: Sequence[Payload]) -> list[Payload]:
    """Let no samples need others; those that are damaged after all are left out."""
    shapes = shapes_of(transaction, [one.sweep_id for one in payloads])
    found = []
    for one in payloads:
        try:
            one.restore(*shapes[one.sweep_id])
            found.append(standing_alone(one, *shapes[one.sweep_id]))
        except ValueError:
            continue
    return found


def _is_same(transaction: Transaction, payload: Payload) -> bool:
    """Tell whether samples are those that were written here, bit for bit.

    What is rounded once is never rounded anew, so that its codec and length tell.
    """
    query = select(_P.codec, _P.codec_version, _P.size_bytes).where(
        _P.sweep_id == payload.sweep_id
    )
    row = transaction.execute(query).one_or_none()
    same = payload.codec, payload.codec_version, len(payload.blob)
    return row is not None and tuple(row) == same


def _pack_of(transaction: Transaction, month: str) -> str:
    """Name where samples of a month lie now; its first pack is to go."""
    query = select(_M.thinned_at_us, _M.expired_at_us).where(_M.month == month)
    row = transaction.execute(query).one_or_none()
    if packs_of(transaction) is None or row is None:
        return month
    if row.expired_at_us is not None:
        return KEPT_PACK
    return month if row.thinned_at_us is None else month + THINNED
