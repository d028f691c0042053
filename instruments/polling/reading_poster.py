"""Posts readings as they come; under pressure the oldest are dropped and counted."""

import logging
import threading
from collections import deque

from instruments.client import Backoff, RejectedError, SweepClient, TryAgainError
from instruments.measurement import Reading

_log = logging.getLogger(__name__)

_MAX_WAITING = 20_000
_MAX_BATCH = 500
_IDLE_S = 1.0


class ReadingPoster:
    """A bounded queue of readings in memory, and the thread that posts them.

    A reading is small (some hundred bytes) and is followed by the next one: it may be
    dropped, where a sweep may not.

    Parameters
    ----------
    client
        Where they go.
    max_waiting
        Readings that are kept while the service is away.
    """

    def __init__(self, client: SweepClient, *, max_waiting: int = _MAX_WAITING) -> None:
        self._client = client
        self._waiting: deque[Reading] = deque()
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._stopping = threading.Event()
        self._backoff = Backoff(first_s=0.5, longest_s=30.0)
        self._thread = threading.Thread(target=self._run, name="readings", daemon=True)
        self.posted_count = 0
        self.dropped_count = 0

    def start(self) -> None:
        """Begin to post."""
        self._thread.start()

    def add(self, reading: Reading) -> None:
        """Queue a reading; never blocks and never fails."""
        with self._lock:
            if len(self._waiting) >= self._max_waiting:
                self._waiting.popleft()
                self.dropped_count += 1
            self._waiting.append(reading)
        self._arrived.set()

    def stop(self, deadline_s: float) -> None:
        """Post what waits, once, and end."""
        self._stopping.set()
        self._arrived.set()
        if self._thread.is_alive():
            self._thread.join(deadline_s)

    def _run(self) -> None:
        while True:
            is_last = self._stopping.is_set()
            self._arrived.clear()
            is_empty = self._post_batch()
            if is_last:
                return
            if is_empty:
                self._arrived.wait(_IDLE_S)

    def _post_batch(self) -> bool:
        with self._lock:
            batch = [
                self._waiting.popleft()
                for _ in range(min(len(self._waiting), _MAX_BATCH))
            ]
        if not batch:
            return True
        try:
            self._client.post_readings(batch)
        except TryAgainError:
            self._give_back(batch)
            self._stopping.wait(self._backoff.next_s())
        except RejectedError as error:
            _log.error("%d readings are refused: %s", len(batch), error)
            self.dropped_count += len(batch)
        else:
            self._backoff.reset()
            self.posted_count += len(batch)
        return False

    def _give_back(self, batch: list[Reading]) -> None:
        with self._lock:
            room = self._max_waiting - len(self._waiting)
            kept = batch[max(len(batch) - room, 0) :]
            self.dropped_count += len(batch) - len(kept)
            self._waiting.extendleft(reversed(kept))
