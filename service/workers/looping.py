"""The loop that every worker runs: work, wait a little, ride out an outage."""

import signal
import threading
from collections.abc import Callable
from io import RawIOBase
from typing import IO

import structlog

from instruments.clock import Clock, SystemClock
from service.errors import UnavailableError
from service.signals import act_on, end_by_force
from service.storage.watching import CommitWatch

OUTAGE_PAUSE_S = 0.5
"""Pause after a failure of the database, in seconds."""

LOOK_S = 0.25
"""Longest time without a look at the outbox, in seconds."""

LAST_RESORT_S = 5.0
"""How long a worker may take to end by itself once its parent is gone."""

TOLD_LAST_RESORT_S = 20.0
"""How long it may take once a signal told it to, in seconds."""

_log = structlog.get_logger(__name__)


def work_until(
    stop: threading.Event,
    step: Callable[[], bool],
    *,
    idle_s: float,
    watch: CommitWatch | None = None,
    clock: Clock | None = None,
) -> None:
    """Repeat a step until told to stop.

    Parameters
    ----------
    step
        Does a bounded piece of work; returns whether there may be more.
    idle_s
        Pause in seconds after a step that found nothing.
    watch
        Spares the step while nothing is committed, for at most :data:`LOOK_S`.
    clock
        Measures that time.
    """
    clock = clock or SystemClock()
    is_down = False
    while not stop.is_set():
        try:
            more = step()
        except UnavailableError as error:
            if not is_down:
                _log.warning("waiting_for_dependency", reason=str(error))
            is_down = True
            stop.wait(OUTAGE_PAUSE_S)
            continue
        if is_down:
            _log.info("dependency_is_back")
            is_down = False
        if not more:
            _idle(stop, watch, idle_s, clock)


def _idle(
    stop: threading.Event, watch: CommitWatch | None, idle_s: float, clock: Clock
) -> None:
    stop.wait(idle_s)
    if watch is None:
        return
    # What becomes due by the clock makes no commit: look at least every so often.
    until_s = clock.monotonic_s() + LOOK_S - idle_s
    while not stop.is_set() and clock.monotonic_s() < until_s and not watch.has_news():
        stop.wait(idle_s)


def stop_on_signal(stop: threading.Event) -> None:
    """Make SIGINT and SIGTERM end the loops that watch ``stop``, else the process."""

    def end() -> None:
        stop.set()
        end_by_force(TOLD_LAST_RESORT_S)

    act_on([signal.SIGINT, signal.SIGTERM], end)


def stop_with_parent(stop: threading.Event, lifeline: RawIOBase | IO[bytes]) -> None:
    """End when the other end of a pipe closes, as it does when the parent dies.

    The kernel closes the parent's end however the parent ends, SIGKILL included.
    """

    def watch() -> None:
        while lifeline.read(1024):
            pass
        stop.set()
        # A step that hangs must not outlive the parent.
        end_by_force(LAST_RESORT_S, status=0)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
