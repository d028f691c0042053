"""Routers leave no socket and no thread behind, whatever went wrong."""

import contextlib
import threading
import time
from pathlib import Path

import pytest

from instruments.errors import InstrumentError
from instruments.simulation.switches.box import BoxFaults

OPEN_FILES = Path("/proc/self/fd")
DRIVERS = [
    "mini_circuits_http",
    "mini_circuits_telnet",
    "keysight_34980a",
    "keysight_l44xx",
    "dow_key",
]


def in_use():
    return len(list(OPEN_FILES.iterdir())), threading.active_count()


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="counts by /proc")
@pytest.mark.parametrize("driver", DRIVERS)
def test_nothing_is_left_after_every_kind_of_failure(driver, switched):
    served, router = switched(driver, io_timeout_s=0.2)
    box = served.boxes["matrix"]
    before = in_use()
    for faults in (
        BoxFaults(),
        BoxFaults(stuck=frozenset(box.elements)),
        BoxFaults(is_silent=True),
        BoxFaults(is_garbled=True),
        BoxFaults(reply_delay_s=0.05),
        BoxFaults(),
    ):
        for route in ("left", "right"):
            box.faults = faults
            with (
                contextlib.suppress(InstrumentError),
                router.hold(route, quiet=lambda: None),
            ):
                pass
    router.close()
    # The emulated side hangs up a moment later.
    end_s = time.monotonic() + 20.0
    while in_use() > before and time.monotonic() < end_s:
        time.sleep(0.01)
    files, threads = in_use()
    assert files <= before[0]
    assert threads <= before[1]
