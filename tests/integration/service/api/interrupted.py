"""A client of the stream whose connection breaks again and again."""

import json
import random
import threading
import time
from contextlib import suppress

import httpx

from service.errors import StorageUnavailableError
from service.storage.engine import Database
from service.storage.events import add_event
from service.storage.records import EventKind


class InterruptedClient:
    """Comes back each time with the id of the last event that it saw.

    Parameters
    ----------
    clients
        The replicas, of which it takes one after the other.
    """

    def __init__(self, clients: list[httpx.Client], last_event_id: int = 0) -> None:
        self.clients, self.last_event_id = clients, last_event_id
        self.found: list[object] = []

    def listen(self, wanted: int) -> None:
        """Read at least so many events, then break the connection."""
        self.clients.append(self.clients.pop(0))
        headers = {"last-event-id": str(self.last_event_id)}
        left, is_told = wanted, False
        with (
            httpx.Client(base_url=self.clients[0].base_url, timeout=90.0) as own,
            own.stream("GET", "stream", headers=headers) as answer,
        ):
            for line in answer.iter_lines():
                assert line != ": heartbeat", f"silence after {self.found}"
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last_event_id, is_told = int(value), True
                elif name == "data" and is_told:
                    self.found.append(json.loads(value)["name"])
                    left, is_told = left - 1, False
                if left <= 0 and not line:
                    return


def add_events_in_slow_transactions(
    database: Database, clock, names: range, seed: int
) -> threading.Thread:
    """Start a writer whose events are committed long after they are numbered."""
    dice = random.Random(seed)

    def write() -> None:
        left = list(names)
        while left:
            # The lock of SQLite may be another writer's for long.
            with suppress(StorageUnavailableError):
                with database.write() as transaction:
                    add_event(
                        transaction, EventKind.ALERT, {"name": left[0]}, clock.now()
                    )
                    time.sleep(dice.random() * 0.03)
                del left[0]

    thread = threading.Thread(target=write)
    thread.start()
    return thread
