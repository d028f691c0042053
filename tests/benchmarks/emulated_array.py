"""Serves an emulated array in a process of its own, until it is terminated.

Prints one line of JSON: the resource names, and the port that switches faults. With
``--log`` it writes down every sweep that has ended, with a digest of its S21: what was
really measured, whatever becomes of it.
"""

import argparse
import asyncio
import hashlib
import json
import signal
import time
from collections import deque
from pathlib import Path
from typing import TextIO

import numpy as np

from instruments.array import dump_array, load_array
from instruments.simulation.serving import serve_array


class LoggedSweeps(deque):
    """The newest sweeps of one VNA, each written down when it ends."""

    def __init__(self, vna: str, log: TextIO) -> None:
        super().__init__(maxlen=16)
        self._vna = vna
        self._log = log

    def append(self, acquisition) -> None:
        super().append(acquisition)
        trace = acquisition.trace("S21").astype(np.complex64)
        line = {
            "at_s": time.time(),
            "vna": self._vna,
            "digest": hashlib.sha256(trace.tobytes()).hexdigest(),
        }
        self._log.write(json.dumps(line) + "\n")


async def serve(path: Path, resolved: Path, log: Path | None, *, is_instant: bool):
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve_array(load_array(path), is_instant=is_instant) as served:
        if log is not None:
            lines = log.open("a", buffering=1)
            for name, vna in served.vnas.items():
                vna.bench.ended = LoggedSweeps(name, lines)
        dump_array(served.config, resolved)
        told = {"resources": served.resources, "control_port": served.control_port}
        print(json.dumps(told), flush=True)
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("array_file", type=Path)
    parser.add_argument("resolved", type=Path)
    parser.add_argument("--instant", action="store_true")
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    asyncio.run(
        serve(given.array_file, given.resolved, given.log, is_instant=given.instant)
    )
