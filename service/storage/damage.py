"""Looks for damaged samples that others lean on, and for those that they take along."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, func, inspect, select

from service.errors import StorageUnavailableError
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.packs import PackedBlob
from service.storage.payloads import packs_of, read_payloads
from service.storage.quantising import (
    ID_BYTES,
    QUANTISED_ALONE,
    QUANTISED_LEANING,
    leans_on,
)
from service.storage.sound_samples import MOST_NOTED, list_damaged, savepoint

MOST_DAMAGES = 100
"""So many damaged sweeps are told apart: more are a damaged disk."""

_UNREADABLE = (ValueError, StorageUnavailableError)
_PAGE = 128
_NAMED = 3

_P = tables.sweep_payload.c


@dataclass(slots=True)
class Damage:
    """A sweep whose rounded samples cannot be read.

    Attributes
    ----------
    reason
        What is wrong with them.
    leaning
        The sweeps that lean on them and cannot be read for it, by id.
    """

    sweep_id: str
    reason: str
    leaning: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """Say it."""
        if not self.leaning:
            return f"{self.reason}, and no sweep leans on it"
        count = len(self.leaning)
        sweeps = "the sweep that leans" if count == 1 else f"{count} sweeps that lean"
        return f"{self.reason} and takes {sweeps} on it along: " + (
            ", ".join(self.leaning)
        )


@dataclass(slots=True)
class DamageReport:
    """What was found.

    Attributes
    ----------
    damages
        At most :data:`MOST_DAMAGES`, by id.
    looked_at_count
        Sweeps whose samples were read, or on which they lean.
    is_whole
        Whether all were looked at, and all damages are here.
    """

    damages: list[Damage] = field(default_factory=list)
    looked_at_count: int = 0
    is_whole: bool = True

    @property
    def sweep_ids(self) -> list[str]:
        """The sweeps that cannot be read, by id."""
        lost = {one.sweep_id for one in self.damages}
        return sorted(lost.union(*(one.leaning for one in self.damages)))

    @property
    def sentences(self) -> list[str]:
        """Name the first of the damages, and say how many more there are."""
        told = [one.sentence for one in self.damages[:_NAMED]]
        more = len(self.damages) - _NAMED
        if more > 0:
            told.append(f"so are {more} more, {len(self.sweep_ids)} sweeps in all")
        return told


def find_damage(
    transaction: Transaction, is_over: Callable[[], bool] = lambda: False
) -> DamageReport:
    """Look at the samples on which others lean, and at whether these have them.

    Pages of rows are looked at in turn, so memory is bounded.

    Parameters
    ----------
    is_over
        Asked between two pages; where it holds, the rest is left out.

    Raises
    ------
    StorageUnavailableError
        If the database cannot be read.
    """
    search = _Search(transaction, is_over, DamageReport())
    for rows in search.pages(QUANTISED_ALONE):
        search.read(rows)
    for rows in search.pages(QUANTISED_LEANING):
        search.follow(rows)
    search.look_again()
    search.report.damages = sorted(search.found.values(), key=lambda it: it.sweep_id)
    return search.report


@dataclass(frozen=True, slots=True)
class _Search:
    transaction: Transaction
    is_over: Callable[[], bool]
    report: DamageReport
    found: dict[str, Damage] = field(default_factory=dict)

    def pages(self, codec: int) -> Iterator[Sequence[Row[Any]]]:
        query: Select[Any] = (
            select(_P.sweep_id, _P.pack, _P.position, _P.size_bytes)
            .where(_P.codec == codec)
            .order_by(_P.sweep_id)
            .limit(_PAGE)
        )
        after = ""
        while True:
            if self.is_over():
                self.report.is_whole = False
                return
            page = query.where(_P.sweep_id > after)
            rows = self.transaction.execute(page).all()
            if not rows:
                return
            yield rows
            after = rows[-1].sweep_id
            self.report.looked_at_count += len(rows)

    def read(self, rows: Sequence[Row[Any]]) -> None:
        """Read whole blobs: their checksums tell."""
        self._each(
            rows,
            lambda some: read_payloads(self.transaction, [it.sweep_id for it in some]),
        )

    def follow(self, rows: Sequence[Row[Any]]) -> None:
        """Look on which blobs others lean, and whether these are sound."""
        bases: dict[str, str] = {}
        self._each(rows, lambda some: bases.update(self._bases(some)))
        query = select(_P.sweep_id).where(
            _P.sweep_id.in_(set(bases.values())), _P.codec == QUANTISED_ALONE
        )
        there = set(self.transaction.execute(query).scalars())
        for sweep_id, basis in bases.items():
            if basis not in there:
                self._note(basis, f"the blob of {basis} is gone")
            if basis in self.found:
                self.found[basis].leaning.append(sweep_id)

    def look_again(self) -> None:
        """Look at what retention has noted; originals are looked at here alone."""
        # A backup of a former edition has no such table.
        if not inspect(self.transaction).has_table(tables.damaged_sweep.name):
            return
        noted = set(list_damaged(self.transaction, MOST_NOTED))
        noted -= {one for it in self.found.values() for one in it.leaning}
        query = select(_P.sweep_id).where(_P.sweep_id.in_(noted - self.found.keys()))
        self.read(self.transaction.execute(query.order_by(_P.sweep_id)).all())

    def _bases(self, rows: Sequence[Row[Any]]) -> dict[str, str]:
        """Read with which id each blob begins."""
        packs = packs_of(self.transaction)
        if packs is None:
            head = func.substr(_P.payload, 1, ID_BYTES)
            query = select(_P.sweep_id, head).where(
                _P.sweep_id.in_([row.sweep_id for row in rows])
            )
            heads = {it: bytes(each) for it, each in self.transaction.execute(query)}
        else:
            heads = {
                row.sweep_id: packs.read_head(
                    row.sweep_id,
                    PackedBlob(row.pack, row.position, row.size_bytes),
                    ID_BYTES,
                )
                for row in rows
            }
        return {sweep_id: leans_on(each) for sweep_id, each in heads.items()}

    def _each(
        self,
        rows: Sequence[Row[Any]],
        look: Callable[[Sequence[Row[Any]]], object],
    ) -> None:
        """Look at all rows at once; one by one where that fails, to tell which."""
        try:
            with savepoint(self.transaction):
                look(rows)
        except _UNREADABLE as error:
            if len(rows) > 1:
                for row in rows:
                    self._each([row], look)
            else:
                self._note(rows[0].sweep_id, str(error))

    def _note(self, sweep_id: str, reason: str) -> None:
        if sweep_id not in reason:
            reason = f"the blob of {sweep_id} is damaged ({reason})"
        if sweep_id not in self.found and len(self.found) >= MOST_DAMAGES:
            self.report.is_whole = False
        else:
            self.found.setdefault(sweep_id, Damage(sweep_id, reason))
