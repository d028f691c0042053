"""The sweeps that one VNA owes: by schedule for all its cavities, and on demand."""

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from instruments.polling.sweeping.schedule import Grid, Rhythm
from instruments.polling.tickets import Ticket

MAX_DEMANDS = 64
"""Sweeps on demand that wait for one VNA."""


class AgendaFullError(Exception):
    """A VNA owes so many sweeps on demand that it takes no further one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One sweep whose time has come.

    Attributes
    ----------
    cavity, sweep_name
        What to sweep, as in the array file.
    lateness_s
        How long after its time it was taken, in s.
    is_late
        Whether that is more than its rhythm allows.
    run, step
        The DAQ's ids of a sweep on demand.
    ticket
        Of the demand that it answers; None for the schedule's own.
    is_retry
        Whether it has failed before.
    """

    cavity: str
    sweep_name: str
    lateness_s: float = 0.0
    is_late: bool = False
    run: str | None = None
    step: str | None = None
    ticket: Ticket | None = None
    is_retry: bool = False


@dataclass(slots=True)
class _Entry:
    cavity: str
    sweep_name: str
    grid: Grid
    grid_index: int = 0
    is_owed_again: bool = False
    is_retry: bool = False
    due_s: float = field(init=False)
    deadline_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.move(self.grid_index)

    def move(self, index: int) -> None:
        self.grid_index = index
        self.due_s = self.grid.time_s(index)
        self.deadline_s = self.grid.time_s(index + 1)


class Agenda:
    """What one VNA is to sweep next; usable by several threads.

    Demands come first, in their order. Of the scheduled sweeps that are due, the one
    with the earliest deadline (its next time) comes first, then the one with the
    higher priority. A sweep that is late is taken once; the times that were missed
    meanwhile are skipped and counted, so that a slow instrument never owes a backlog.

    Parameters
    ----------
    rhythms
        (cavity, sweep name) to its times.
    start_s
        Where the grids begin on the monotonic clock.
    """

    def __init__(
        self, rhythms: Mapping[tuple[str, str], Rhythm], *, start_s: float
    ) -> None:
        self._lock = threading.Lock()
        self._entries = [
            _Entry(cavity, sweep_name, Grid(rhythm, start_s=start_s))
            for (cavity, sweep_name), rhythm in rhythms.items()
        ]
        self._demands: list[Turn] = []
        self._paused: frozenset[str] = frozenset()
        self.skipped_count = 0

    @property
    def paused(self) -> frozenset[str]:
        """Cavities whose schedule is paused."""
        return self._paused

    def next_due_s(self) -> float:
        """Return when the next sweep is due; infinity where nothing is owed."""
        with self._lock:
            if self._demands:
                return -math.inf
            return min((entry.due_s for entry in self._running()), default=math.inf)

    def take(self, now_s: float) -> Turn | None:
        """Take the sweep whose turn it is, and move it to its next time.

        Returns
        -------
        Turn or None
            None where nothing is due.
        """
        with self._lock:
            if self._demands:
                return self._demands.pop(0)
            due = [entry for entry in self._running() if entry.due_s <= now_s]
            if not due:
                return None
            return self._advance(min(due, key=_rank), now_s)

    def give_back(self, turn: Turn, now_s: float, *, is_failure: bool = False) -> None:
        """Owe a sweep again that came to nothing: at once, and before the others."""
        is_retry = turn.is_retry or is_failure
        with self._lock:
            if turn.ticket is not None:
                self._demands.insert(0, replace(turn, is_retry=is_retry))
                return
            for entry in self._entries:
                if (entry.cavity, entry.sweep_name) == (turn.cavity, turn.sweep_name):
                    entry.due_s = min(entry.due_s, now_s)
                    entry.is_owed_again = True
                    entry.is_retry = is_retry

    def demand(self, ticket: Ticket) -> None:
        """Queue a sweep on demand.

        Raises
        ------
        AgendaFullError
            If 64 of them wait already.
        """
        with self._lock:
            if len(self._demands) >= MAX_DEMANDS:
                raise AgendaFullError(
                    f"{MAX_DEMANDS} sweeps on demand wait already; ask again later"
                )
            self._demands.append(
                Turn(
                    cavity=ticket.cavity,
                    sweep_name=ticket.sweep_name,
                    run=ticket.run,
                    step=ticket.step,
                    ticket=ticket,
                )
            )

    def drop(self, tickets: Iterable[Ticket]) -> None:
        """Forget demands that nobody waits for any longer."""
        unwanted = set(tickets)
        with self._lock:
            self._demands = [
                turn for turn in self._demands if turn.ticket not in unwanted
            ]

    def demands(self) -> tuple[Ticket, ...]:
        """Return the demands that wait."""
        with self._lock:
            return tuple(turn.ticket for turn in self._demands if turn.ticket)

    def pause(self, cavities: Iterable[str]) -> None:
        """Stop the schedule of cavities; demands are still carried out."""
        with self._lock:
            self._paused |= set(cavities)

    def resume(self, cavities: Iterable[str], now_s: float) -> None:
        """Go on with the schedule; what was missed is neither owed nor skipped."""
        back = self._paused & set(cavities)
        with self._lock:
            self._paused -= back
            for entry in self._entries:
                if entry.cavity in back and entry.due_s <= now_s:
                    entry.move(entry.grid.index_after(now_s))

    def _running(self) -> list[_Entry]:
        if not self._paused:
            return self._entries
        return [entry for entry in self._entries if entry.cavity not in self._paused]

    def _advance(self, entry: _Entry, now_s: float) -> Turn:
        following = entry.grid.index_after(now_s)
        # What is taken now stands for the newest time; those before it are skipped.
        lateness_s = now_s - entry.grid.time_s(following - 1)
        self.skipped_count += max(following - entry.grid_index - 1, 0)
        turn = Turn(
            cavity=entry.cavity,
            sweep_name=entry.sweep_name,
            lateness_s=lateness_s,
            is_late=lateness_s > entry.grid.rhythm.tolerance_s,
            is_retry=entry.is_retry,
        )
        entry.is_owed_again = entry.is_retry = False
        entry.move(following)
        return turn


def _rank(entry: _Entry) -> tuple[bool, float, int, float]:
    return (
        not entry.is_owed_again,
        entry.deadline_s,
        -entry.grid.rhythm.priority,
        entry.due_s,
    )
