"""Keeps what each poller told last."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from instruments.measurement.poller_status import PollerStatus
from instruments.measurement.poller_status_message import (
    decode_poller_status,
    poller_status_to_json,
)
from service.alerts.spools import HeardPoller
from service.errors import InvalidRequestError
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_P = tables.poller.c

MAX_POLLERS = 256
"""Most pollers that are kept."""


def put_poller(transaction: Transaction, status: PollerStatus, now: datetime) -> None:
    """Keep a status in place of the poller's last one.

    Raises
    ------
    InvalidRequestError
        If it is a new poller, and there are too many already.
    """
    names = select(func.count()).where(_P.id != status.poller)
    if transaction.execute(names).scalar_one() >= MAX_POLLERS:
        raise InvalidRequestError(
            f"poller: {MAX_POLLERS} are known already; DELETE /api/v1/pollers/NAME "
            "forgets one"
        )
    values = {
        "reported_at_us": to_us(status.reported_at),
        "received_at_us": to_us(now),
        "record": orjson.dumps(poller_status_to_json(status)).decode(),
    }
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    transaction.execute(
        dialect.insert(tables.poller)
        .values(id=status.poller, **values)
        .on_conflict_do_update(index_elements=[_P.id], set_=values)
    )


def list_pollers(transaction: Transaction) -> list[HeardPoller]:
    """List what every poller told last, by name."""
    query = select(tables.poller).order_by(_P.id)
    return [_heard(row) for row in transaction.execute(query)]


def forget_poller(transaction: Transaction, name: str) -> bool:
    """Forget a poller; tells whether it was known."""
    return transaction.execute(delete(tables.poller).where(_P.id == name)).rowcount > 0


def _heard(row: Row[Any]) -> HeardPoller:
    return HeardPoller(
        status=decode_poller_status(orjson.loads(row.record)),
        received_at=from_us(row.received_at_us),
    )
