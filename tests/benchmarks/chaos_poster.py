"""A DAQ beside the poller that does all that a client may do to a service."""

import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np

from instruments.client import SweepClient, TryAgainError
from instruments.measurement import Sweep, SweepPurpose

START = datetime(2026, 1, 31, tzinfo=UTC)


class Poster(threading.Thread):
    """A DAQ that posts to one replica: doubled, out of order, again after a failure."""

    def __init__(self, url: str, seed: int) -> None:
        super().__init__(name="poster", daemon=True)
        self._client = SweepClient(url, timeout_s=5.0)
        self._rng = random.Random(seed)
        self._seed = seed
        self.over = threading.Event()
        self.acknowledged: dict[str, str] = {}
        self.changed_ids: list[str] = []
        self.answers: Counter[str] = Counter()

    def run(self) -> None:
        waiting: list[Sweep] = []
        number = 0
        while not self.over.is_set() or waiting:
            if not self.over.is_set():
                waiting.append(self._sweep(number))
                number += 1
            batch = self._rng.choices(waiting, k=min(3, len(waiting)))
            try:
                results = self._client.post_sweeps(batch)
            except TryAgainError:
                self.answers["try_again"] += 1
                time.sleep(0.2)
                continue
            for sweep, result in zip(batch, results, strict=True):
                self._note(sweep, result.status, result.sweep_id)
            acknowledged = {id(sweep) for sweep in batch}
            # Some are posted again although they were acknowledged.
            waiting = [
                sweep
                for sweep in waiting
                if id(sweep) not in acknowledged or self._rng.random() < 0.1
            ]
            time.sleep(0.01)
        self._client.close()

    def _note(self, sweep: Sweep, status: str, sweep_id: str | None) -> None:
        self.answers[status] += 1
        if sweep_id is None:
            return
        if self.acknowledged.setdefault(sweep.key(), sweep_id) != sweep_id:
            self.changed_ids.append(sweep_id)

    def _sweep(self, number: int) -> Sweep:
        trace = np.full(51, 0.5 + 1e-6j * number, dtype=np.complex64)
        return Sweep(
            cavity="posted",
            measured_at=START + timedelta(milliseconds=number, hours=self._seed),
            purpose=SweepPurpose.WIDE,
            frequency_hz=np.linspace(4e9, 8e9, 51),
            traces={"S21": trace},
        )
