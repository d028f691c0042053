"""Bringing elements to their positions: quiet, break, make, settle, read back."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

from instruments.clock import Clock
from instruments.switches.box import Box
from instruments.switches.errors import RouteError
from instruments.switches.ledger import ActuationLedger
from instruments.switches.locks import Claim
from instruments.switches.selection import SelectedRoute

_log = logging.getLogger(__name__)

Place: TypeAlias = tuple[str, str]
"""Switch and element."""

_LONGEST_NAP_S = 0.1
_READ_BACK_ASKS = 10
_LEAST_READ_BACK_S = 0.5


class Mover:
    """Moves elements whose locks its caller holds.

    Parameters
    ----------
    boxes, ledger, clock
        Those of the router.
    on_wait
        Called at least ten times a second while waiting; may raise to give up.
    """

    def __init__(
        self,
        boxes: Mapping[str, Box],
        ledger: ActuationLedger,
        clock: Clock,
        on_wait: Callable[[], None],
    ) -> None:
        self._boxes = boxes
        self._ledger = ledger
        self._clock = clock
        self._on_wait = on_wait

    def select(
        self,
        route: str,
        wanted: Mapping[Place, str],
        *,
        claim: Claim,
        quiet: Callable[[], None],
    ) -> SelectedRoute:
        """Bring every element to its position, and read it back.

        Raises
        ------
        RouteError
            If an element reads back elsewhere, or the claim was evicted.
        InstrumentError
            If a box cannot be reached or refuses.
        """
        foreign = self._look(wanted)
        moves = {
            place: position
            for place, position in wanted.items()
            if self._boxes[place[0]].known.get(place[1]) != position
            # What has moved by itself, or says so, is brought there once more.
            or ".".join(place) in foreign
        }
        try:
            if moves:
                if any(not self._boxes[switch].settings.is_hot for switch, _ in moves):
                    quiet()
                self._move(moves, claim)
                self._settle(moves)
            astray = self._read_back(wanted) if moves else {}
        finally:
            for switch, element in wanted:
                self._boxes[switch].moving.discard(element)
        if astray:
            places = ", ".join(f"{one} reads {seen}" for one, seen in astray.items())
            raise RouteError(f"route {route} does not stand: {places}")
        positions: dict[str, dict[str, str]] = {}
        for (switch, element), position in wanted.items():
            positions.setdefault(switch, {})[element] = position
        return SelectedRoute(
            name=route,
            positions=positions,
            is_verified=all(
                self._boxes[switch].settings.has_read_back for switch in positions
            ),
            actuation_count=len(moves),
            foreign_moves=foreign,
        )

    def astray(self, wanted: Mapping[Place, str]) -> dict[str, str]:
        """Read elements back and name those that are elsewhere, with their positions.

        Elements of a box that does not tell positions count as where they were left.
        """
        found: dict[str, str] = {}
        for switch in sorted({switch for switch, _ in wanted}):
            box = self._boxes[switch]
            if not box.settings.has_read_back:
                continue
            with box.talking() as driver:
                seen = driver.positions()
                box.note(seen)
            for (name, element), position in wanted.items():
                if name == switch and seen.get(element) != position:
                    found[f"{switch}.{element}"] = seen.get(element) or "none"
        return found

    def _look(self, wanted: Mapping[Place, str]) -> tuple[str, ...]:
        """Read where the boxes are, and name what somebody else has moved."""
        foreign: list[str] = []
        for switch in sorted({switch for switch, _ in wanted}):
            box = self._boxes[switch]
            with box.talking() as driver:
                if box.settings.has_read_back:
                    strays = box.note(driver.positions())
                    foreign += [f"{switch}.{element}" for element in strays]
        if foreign:
            _log.warning("%s: moved by somebody else", ", ".join(foreign))
        return tuple(foreign)

    def _move(self, moves: Mapping[Place, str], claim: Claim) -> None:
        self._ledger.add(moves)
        self._warn_of_wear(moves)
        for switch, element in sorted(moves):
            self._act(switch, element, None, claim)
        for (switch, element), position in sorted(moves.items()):
            self._act(switch, element, position, claim)

    def _act(
        self, switch: str, element: str, position: str | None, claim: Claim
    ) -> None:
        """Open an element, or bring it to a position."""
        self._on_wait()
        box = self._boxes[switch]
        with box.talking() as driver:
            if claim.is_evicted:
                raise RouteError(f"{switch} was taken away from {claim.holder}")
            # What is under way is neither where it was nor where it will be.
            box.moving.add(element)
            box.known.pop(element, None)
            if position is None:
                driver.release(element)
            else:
                driver.move(element, position)
                if not box.settings.has_read_back:
                    box.known[element] = position

    def _settle(self, moves: Mapping[Place, str]) -> None:
        longest_s = max(
            self._boxes[switch].settings.settle_time_s for switch, _ in moves
        )
        self._nap(longest_s)

    def _read_back(self, wanted: Mapping[Place, str]) -> dict[str, str]:
        """Read until every element has arrived, for a while."""
        settle_times_s = [self._boxes[one].settings.settle_time_s for one, _ in wanted]
        patience_s = max(_LEAST_READ_BACK_S, 5.0 * max(settle_times_s))
        astray = self.astray(wanted)
        for _ in range(_READ_BACK_ASKS):
            if not astray:
                break
            self._nap(patience_s / _READ_BACK_ASKS)
            astray = self.astray(wanted)
        if not astray:
            for (switch, element), position in wanted.items():
                self._boxes[switch].known[element] = position
        return astray

    def _nap(self, duration_s: float) -> None:
        end_s = self._clock.monotonic_s() + duration_s
        while (left_s := end_s - self._clock.monotonic_s()) > 0.0:
            self._clock.sleep(min(left_s, _LONGEST_NAP_S))
            self._on_wait()

    def _warn_of_wear(self, moves: Mapping[Place, str]) -> None:
        for switch, element in moves:
            limit = self._boxes[switch].settings.max_actuation_count
            if self._ledger.count(switch, element) == limit:
                _log.warning(
                    "%s.%s: %d moves are as many as it is good for; replace it",
                    switch,
                    element,
                    limit,
                )
