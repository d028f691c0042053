"""Sweeps on demand: what was asked for, what became of it, and who waits for it."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from instruments.clock import Clock

_MAX_KEPT = 1000


class TicketState(StrEnum):
    """How far a sweep on demand has come."""

    QUEUED = "queued"
    SWEEPING = "sweeping"
    STORED = "stored"
    """In the spool, on disk."""

    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One sweep on demand.

    Attributes
    ----------
    key
        Idempotency key that the sweep will have.
    cavity, sweep_name
        What to sweep, as in the array file.
    run, step
        The DAQ's own ids, stored with the sweep.
    expires_s
        Time on the monotonic clock after which it is worth nothing.
    """

    key: str
    cavity: str
    sweep_name: str
    expires_s: float
    run: str | None = None
    step: str | None = None


class TicketOffice:
    """Remembers the newest thousand tickets; usable by several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._known: OrderedDict[str, tuple[Ticket, TicketState, str | None]] = (
            OrderedDict()
        )

    def issue(self, ticket: Ticket) -> None:
        """Remember a new ticket."""
        with self._changed:
            self._known[ticket.key] = (ticket, TicketState.QUEUED, None)
            while len(self._known) > _MAX_KEPT:
                self._known.popitem(last=False)

    def enter(
        self, ticket: Ticket, state: TicketState, error: str | None = None
    ) -> None:
        """Note how far a ticket has come; what is stored or failed stays so."""
        with self._changed:
            known = self._known.get(ticket.key)
            if known is None or _is_settled(known[1]):
                return
            self._known[ticket.key] = (ticket, state, error)
            self._changed.notify_all()

    def wait(self, tickets: Sequence[Ticket], timeout_s: float) -> None:
        """Wait until all tickets are stored or failed, or the time is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(self._is_over(ticket) for ticket in tickets), timeout_s
            )

    def describe(self, key: str) -> dict[str, Any] | None:
        """Describe a ticket as a JSON document; None where it is not known."""
        with self._changed:
            known = self._known.get(key)
        if known is None:
            return None
        ticket, state, error = known
        document = {
            "idempotency_key": key,
            "cavity": ticket.cavity,
            "sweep": ticket.sweep_name,
            "run": ticket.run,
            "step": ticket.step,
            "state": state.value,
            "error": error,
        }
        return {name: value for name, value in document.items() if value is not None}

    def _is_over(self, ticket: Ticket) -> bool:
        known = self._known.get(ticket.key)
        return known is None or _is_settled(known[1])


def new_key(clock: Clock) -> str:
    """Make an idempotency key; later ones stand behind earlier ones in an index."""
    milliseconds = int(clock.now().timestamp() * 1000.0)
    return f"{milliseconds:012x}{secrets.token_hex(10)}"


def _is_settled(state: TicketState) -> bool:
    return state in (TicketState.STORED, TicketState.FAILED)
