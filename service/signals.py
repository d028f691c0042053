"""Carries signals from their handlers to a thread that may take locks."""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from types import FrameType


class SignalRelay:
    """A handler of signals that lets a thread act on them.

    Python runs a handler between any two steps of the main thread. One that sets a
    :class:`threading.Event` on which the main thread is about to wait asks for a lock
    that its own thread holds, and the process never ends. This one only puts into a
    :class:`queue.SimpleQueue`, which may be entered again at any step.

    Parameters
    ----------
    act
        Called in that thread after each signal, once for those that came together.
    """

    def __init__(self, act: Callable[[], None]) -> None:
        self._heard: SimpleQueue[int] = SimpleQueue()
        self._act = act
        threading.Thread(target=self._follow, name="signals", daemon=True).start()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal, as :func:`signal.signal` hands it over."""
        del frame
        self._heard.put(number)

    def _follow(self) -> None:
        while True:
            self._heard.get()
            while not self._heard.empty():
                self._heard.get()
            self._act()


def act_on(numbers: Iterable[int], act: Callable[[], None]) -> None:
    """Let a thread act on signals; must be called from the main thread."""
    relay = SignalRelay(act)
    for number in numbers:
        signal.signal(number, relay)


def end_by_force(after_s: float, status: int = 1) -> None:
    """End this process if it has not ended by then, whatever its threads wait for.

    An answer of a database that stands still, or of a disk, has no deadline here. All
    that was confirmed is durable, and what was claimed is claimed again.

    Parameters
    ----------
    after_s
        How long this call lasts, in seconds; make it in a daemon thread.
    status
        Exit status of the process.
    """
    threading.Event().wait(after_s)
    os._exit(status)
