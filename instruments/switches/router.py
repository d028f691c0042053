"""The router: brings a route about, holds it for a sweep, and knows whether it stands.

Locks are taken element by element in the order of their names, and before the VNA's:
two sweeps that need the same elements can wait for each other, never both.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from instruments.clock import Clock
from instruments.switches.box import Box
from instruments.switches.errors import RouteError
from instruments.switches.ledger import ActuationLedger
from instruments.switches.locks import Claim, ElementLock
from instruments.switches.moving import Mover, Place
from instruments.switches.selection import SelectedRoute, SwitchState

_log = logging.getLogger(__name__)

Route = Mapping[str, Mapping[str, str]]
"""Switch to element to position."""


def _nothing() -> None:
    """Wait without a listener."""


class Router:
    """All switches of an array; safe to use from several threads.

    Parameters
    ----------
    boxes
        Switch to its box.
    routes
        Route to the positions that make it.
    clock
        Waits.
    ledger
        Where moves are counted.
    """

    def __init__(
        self,
        boxes: Mapping[str, Box],
        routes: Mapping[str, Route],
        *,
        clock: Clock,
        ledger: ActuationLedger,
    ) -> None:
        self._boxes = dict(boxes)
        self._routes = dict(routes)
        self._clock = clock
        self._ledger = ledger
        self._guard = threading.Lock()
        self._locks: dict[Place, ElementLock] = {}

    @contextmanager
    def hold(
        self,
        route: str,
        *,
        quiet: Callable[[], None],
        holder: str | None = None,
        timeout_s: float = 600.0,
        on_wait: Callable[[], None] = _nothing,
    ) -> Iterator[SelectedRoute]:
        """Set a route and keep it until the block ends.

        Parameters
        ----------
        route
            Name of the route.
        quiet
            Switches the source off or holds the VNA; called once before anything
            moves that must not move under power, and not where nothing moves.
        holder
            Who holds it, to be evicted by that name; the thread's name where None.
        timeout_s
            Longest wait in s for others that hold elements of the route.
        on_wait
            Called at least ten times a second while waiting; may raise to give up.

        Yields
        ------
        SelectedRoute
            What was set, and whether it was read back.

        Raises
        ------
        SwitchBusyError
            If somebody else holds an element for too long.
        RouteError
            If there is no such route, or an element reads back elsewhere.
        InstrumentError
            If a box cannot be reached or refuses.
        """
        if route not in self._routes:
            raise RouteError(f"there is no route {route}; name it under routes")
        claim = Claim(holder or threading.current_thread().name)
        wanted = _places(self._routes[route])
        deadline_s = self._clock.monotonic_s() + timeout_s
        taken: list[ElementLock] = []
        try:
            for place in sorted(wanted):
                lock = self._lock(place)
                lock.acquire(claim, deadline_s, on_wait)
                taken.append(lock)
            mover = Mover(self._boxes, self._ledger, self._clock, on_wait)
            yield mover.select(route, wanted, claim=claim, quiet=quiet)
        finally:
            for lock in reversed(taken):
                lock.release(claim)

    def confirm(self, selected: SelectedRoute) -> bool:
        """Read a held route back again, for instance after the sweep.

        Returns
        -------
        bool
            Whether it was verified and still stands; False where it is assumed.

        Raises
        ------
        InstrumentError
            If a box does not answer.
        """
        if not selected.is_verified:
            return False
        wanted = _places(selected.positions)
        mover = Mover(self._boxes, self._ledger, self._clock, _nothing)
        return not mover.astray(wanted)

    def evict(self, holder: str) -> None:
        """Free what a stuck holder keeps, and hang up where it may be stuck."""
        with self._guard:
            locks = dict(self._locks)
        for (switch, _), lock in locks.items():
            claim = lock.evict(holder)
            if claim is not None:
                _log.warning("%s: taken away from %s, which is stuck", switch, holder)
                self._boxes[switch].interrupt(claim.thread_id)

    def states(self) -> list[SwitchState]:
        """Return what is known of every switch, without asking it."""
        return [
            SwitchState(
                name=name,
                identity=box.identity,
                positions={
                    element: position
                    for element, position in dict(box.known).items()
                    if position is not None
                },
                is_verified=box.settings.has_read_back,
                actuation_counts=self._ledger.counts().get(name, {}),
                max_actuation_count=box.settings.max_actuation_count,
                foreign_move_count=box.foreign_move_count,
                last_error=box.last_error or self._ledger.last_error,
            )
            for name, box in self._boxes.items()
        ]

    def close(self) -> None:
        """Hang up everywhere; positions stay as they are."""
        for box in self._boxes.values():
            box.hang_up()

    def _lock(self, place: Place) -> ElementLock:
        with self._guard:
            if place not in self._locks:
                self._locks[place] = ElementLock(".".join(place), self._clock)
            return self._locks[place]


def _places(route: Route) -> dict[Place, str]:
    return {
        (switch, element): position
        for switch, elements in route.items()
        for element, position in elements.items()
    }
