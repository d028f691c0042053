"""Sweeps emulated VNAs as fast as they go, one thread each, in this one process."""

import json
import sys
import threading
import time
from pathlib import Path

import psutil

from instruments.array import load_array, plan_for
from instruments.clock import SystemClock
from instruments.transport import open_wire
from instruments.vna import VectorNetworkAnalyzer

INSTANT = 1e6
"""Emulated seconds in one real second: sweeps take no time."""

WARM_UP_SWEEPS = 8
"""Before the measurement; the emulators work their few different sweeps out once."""


def main() -> None:
    config = load_array(Path(sys.argv[1]))
    duration_s = float(sys.argv[2])
    emulator = psutil.Process(int(sys.argv[3]))
    plans = {
        section.vna: plan_for(config, name, "wide", 5e9)
        for name, section in config.cavities.items()
    }
    drivers = {}
    for name, section in config.instruments.vna.items():
        wire = open_wire(section.resource)
        drivers[name] = VectorNetworkAnalyzer(
            wire, clock=SystemClock(), time_scale=INSTANT
        )
        drivers[name].connect()
        for _ in range(WARM_UP_SWEEPS):
            drivers[name].acquire(plans[name])
    counts = dict.fromkeys(drivers, 0)
    end_s = time.monotonic() + duration_s

    def sweep(name: str) -> None:
        while time.monotonic() < end_s:
            drivers[name].acquire(plans[name])
            counts[name] += 1

    began_s, began_cpu_s = time.monotonic(), time.process_time()
    began_emulator_s = sum(emulator.cpu_times()[:2])
    threads = [threading.Thread(target=sweep, args=(name,)) for name in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    emulator_s = sum(emulator.cpu_times()[:2]) - began_emulator_s
    total = sum(counts.values())
    report = {
        "sweep_count": total,
        "sweeps_per_s": total / (time.monotonic() - began_s),
        "cpu_per_sweep_ms": (time.process_time() - began_cpu_s) / total * 1e3,
        # What the emulators take is not the instrument layer's, but limits it.
        "emulator_cpu_per_sweep_ms": emulator_s / total * 1e3,
        "slowest_vna_share": min(counts.values()) / (total / len(counts)),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
