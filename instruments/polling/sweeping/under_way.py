"""The one attempt that a VNA's worker is at, ended by whoever comes first."""

import threading

from instruments.client import SpoolError
from instruments.measurement import Sweep
from instruments.polling.session import Surroundings
from instruments.polling.sweeping.agenda import Agenda, Turn
from instruments.polling.sweeping.attempts import Attempt, AttemptOutcome
from instruments.polling.sweeping.completing import Completion
from instruments.polling.tickets import TicketState


class UnderWay:
    """An attempt that the worker or the watchdog ends, never both.

    Parameters
    ----------
    name
        The VNA in the array file.
    surroundings
        What all sessions share.
    agenda
        What the VNA owes.
    completion
        Is told which sweeps are kept.
    """

    def __init__(
        self,
        name: str,
        surroundings: Surroundings,
        agenda: Agenda,
        completion: Completion,
    ) -> None:
        self._name = name
        self._around = surroundings
        self._agenda = agenda
        self._completion = completion
        self._lock = threading.Lock()
        self._attempt: tuple[Turn, Attempt] | None = None

    def begin(self, turn: Turn, attempt: Attempt) -> None:
        """Note what is under way."""
        with self._lock:
            self._attempt = turn, attempt
        self._around.attempts.begin(attempt)
        if turn.ticket is not None:
            self._around.tickets.enter(turn.ticket, TicketState.SWEEPING)

    def keep(self, sweep: Sweep) -> None:
        """Have the sweep kept, unless the attempt was ended already."""
        # Taken first: from here on the watchdog may not have the sweep repeated.
        ended = self._take()
        if ended is None:
            return
        turn, _ = ended
        board = self._around.board
        board.note_sweep(self._name, lateness_s=turn.lateness_s, flags=sweep.flags)
        try:
            self._around.keep_sweep(sweep)
        except SpoolError as error:
            board.count(self._name, "lost")
            board.note_error(self._name, str(error))
            self._settle(ended, AttemptOutcome.REFUSED, "spool", str(error))
            return
        self._completion.settle(sweep)
        self._settle(ended, AttemptOutcome.STORED)

    def break_off(
        self, outcome: AttemptOutcome, reason: str, error: str | None = None
    ) -> None:
        """End the attempt without a sweep, and owe it again unless it failed twice."""
        ended = self._take()
        if ended is None:
            return
        turn, attempt = ended
        is_failure = outcome is AttemptOutcome.FAILED
        if is_failure and turn.is_retry:
            self._settle(ended, outcome, reason, error)
            return
        self._around.attempts.end(attempt, outcome, reason)
        now_s = self._around.clock.monotonic_s()
        self._agenda.give_back(turn, now_s, is_failure=is_failure)
        if turn.ticket is not None:
            self._around.tickets.enter(turn.ticket, TicketState.QUEUED)

    def _take(self) -> tuple[Turn, Attempt] | None:
        with self._lock:
            ended, self._attempt = self._attempt, None
            return ended

    def _settle(
        self,
        ended: tuple[Turn, Attempt],
        outcome: AttemptOutcome,
        reason: str | None = None,
        error: str | None = None,
    ) -> None:
        turn, attempt = ended
        self._around.attempts.end(attempt, outcome, reason)
        if turn.ticket is not None:
            is_stored = outcome is AttemptOutcome.STORED
            state = TicketState.STORED if is_stored else TicketState.FAILED
            self._around.tickets.enter(turn.ticket, state, error or reason)
