"""Locks of elements: first come, first served, and taken away from who is stuck."""

import threading
from collections import deque
from collections.abc import Callable

from instruments.clock import Clock
from instruments.switches.errors import SwitchBusyError

_NAP_S = 0.1


class Claim:
    """One stay on a route.

    Parameters
    ----------
    holder
        Who stays, for instance the name of a VNA.

    Attributes
    ----------
    holder
        As given.
    thread_id
        The thread that stays.
    is_evicted
        Whether the stay was ended from outside.
    """

    def __init__(self, holder: str) -> None:
        self.holder = holder
        self.thread_id = threading.get_ident()
        self.is_evicted = False


class ElementLock:
    """Who may move one element.

    Parameters
    ----------
    name
        For messages, ``switch.element``.
    clock
        Measures how long somebody waits.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._condition = threading.Condition()
        self._owner: Claim | None = None
        self._queue: deque[Claim] = deque()

    def acquire(
        self, claim: Claim, deadline_s: float, on_wait: Callable[[], None]
    ) -> None:
        """Wait for the turn of a claim.

        Parameters
        ----------
        deadline_s
            On the monotonic clock.
        on_wait
            Called at least ten times a second while waiting; may raise to give up.

        Raises
        ------
        SwitchBusyError
            If the turn does not come in time.
        """
        with self._condition:
            self._queue.append(claim)
            try:
                while self._owner is not None or self._queue[0] is not claim:
                    self._wait(claim, deadline_s, on_wait)
                self._owner = claim
            finally:
                self._queue.remove(claim)
                self._condition.notify_all()

    def release(self, claim: Claim) -> None:
        """Let go; no error where the claim was evicted meanwhile."""
        with self._condition:
            if self._owner is claim:
                self._owner = None
                self._condition.notify_all()

    def evict(self, holder: str) -> Claim | None:
        """Take the lock from a holder that is stuck; None where it had it not."""
        with self._condition:
            owner = self._owner
            if owner is None or owner.holder != holder:
                return None
            owner.is_evicted = True
            self._owner = None
            self._condition.notify_all()
            return owner

    def _wait(
        self, claim: Claim, deadline_s: float, on_wait: Callable[[], None]
    ) -> None:
        if self._clock.monotonic_s() >= deadline_s:
            holder = self._owner.holder if self._owner else self._queue[0].holder
            raise SwitchBusyError(
                f"{self._name} is held by {holder}; {claim.holder} waited in vain"
            )
        self._condition.wait(_NAP_S)
        # Who listens may take other locks: not while this one's condition is held.
        self._condition.release()
        try:
            on_wait()
        finally:
            self._condition.acquire()
