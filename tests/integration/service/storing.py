"""Stores sweeps one after the other until it is killed; prints each id once durable."""

import sys
from datetime import timedelta

import numpy as np

from instruments.clock import SystemClock
from instruments.measurement import Sweep, SweepPurpose
from service.operations.preparing import SweepPreparer
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.sweeps import insert_sweeps


def main() -> None:
    database, clock = Database(sys.argv[1]), SystemClock()
    preparer = SweepPreparer(clock, TimeOrderedIds(clock))
    start, rng = clock.now(), np.random.default_rng(int(sys.argv[2]))
    for number in range(100_000):
        trace = rng.standard_normal(2001) + 1j * rng.standard_normal(2001)
        sweep = Sweep(
            cavity="cavity-1",
            measured_at=start - timedelta(milliseconds=number),
            purpose=SweepPurpose.WIDE,
            frequency_hz=np.linspace(4e9, 8e9, 2001),
            traces={"S21": trace.astype(np.complex64)},
        )
        prepared = preparer.prepare(sweep)
        with database.write() as transaction:
            insert_sweeps(transaction, [prepared])
        print(prepared.sweep_id, prepared.content_hash, flush=True)


main()
