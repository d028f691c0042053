"""Where an export of sweeps goes on: behind a sweep, in the order of commits."""

import re
from dataclasses import dataclass

from sqlalchemy import select

from service.errors import ConflictError, InvalidRequestError
from service.storage import arrivals, tables
from service.storage.engine import Transaction

_S = tables.sweep.c
_TOKEN = re.compile(r"(?:(\d{1,18})_)?([0-9A-Za-z-]{1,45})")


@dataclass(frozen=True, slots=True)
class Place:
    """A sweep that was exported, behind which the export goes on.

    Attributes
    ----------
    number
        Its arrival; 0 where it has none, as it was stored before there were any.
    sweep_id
        Its id, "" at the beginning.
    """

    number: int
    sweep_id: str

    def __str__(self) -> str:
        """Write it as ``find_place`` reads it."""
        return f"{self.number}_{self.sweep_id}" if self.sweep_id else ""


BEGINNING = Place(0, "")


def find_place(transaction: Transaction, text: str) -> Place:
    """Read a place, as ``str`` writes it or as the id of a sweep alone.

    Raises
    ------
    InvalidRequestError
        If it is no place at all.
    ConflictError
        If it is none of this database, or of what it was before a restore.
    """
    if not text:
        return BEGINNING
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise InvalidRequestError(
            "after: take X-Halowatch-After of the part before", {"field": "after"}
        )
    sweep_id = match[2]
    stored = transaction.execute(select(_S.arrival).where(_S.id == sweep_id)).first()
    if stored is not None:
        place = Place(stored.arrival or 0, sweep_id)
        if match[1] is None or place.number == int(match[1]):
            return place
    elif match[1] is not None and _was_forgotten(transaction, int(match[1])):
        return Place(int(match[1]), sweep_id)
    raise ConflictError(
        f"after: {text} is no place of this database; begin the export anew"
    )


def _was_forgotten(transaction: Transaction, number: int) -> bool:
    if number == 0:
        return True
    other = transaction.execute(select(_S.id).where(_S.arrival == number)).first()
    return other is None and number <= arrivals.SWEEPS.newest(transaction)
