"""One sweep from its start to its end, by the method that the dialect's table names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from instruments.clock import Clock
from instruments.errors import ScpiError
from instruments.measurement import SweepPlan
from instruments.scpi import parse_integer
from instruments.vna.commands import fill
from instruments.vna.conversation import Conversation
from instruments.vna.sections import SyncMethod
from instruments.vna.waiting import (
    SweepDuration,
    check_elapsed,
    is_average_short,
    wait_for_end,
)

_OPERATION_COMPLETE = 0b1
_FAILED = 0b11_0000
"""Execution or command error (IEEE 488.2, section 11.5.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepEnd:
    """What is known when a sweep has ended and the instrument holds its data.

    Attributes
    ----------
    replies
        Answers to the questions that were to be asked then.
    is_average_short
        Whether fewer sweeps were averaged than the plan asks for.
    """

    replies: list[str]
    is_average_short: bool


class SweepRun:
    """The sweeps of one plan.

    Parameters
    ----------
    talk
        The instrument.
    plan, duration
        What is swept, and how long it should take.
    clock
        The time.
    on_wait
        Called at least ten times a second while polling; may raise to give up.
    """

    def __init__(
        self,
        talk: Conversation,
        plan: SweepPlan,
        duration: SweepDuration,
        *,
        clock: Clock,
        on_wait: Callable[[], None],
    ) -> None:
        self._talk = talk
        self._plan = plan
        self._duration = duration
        self._clock = clock
        self._on_wait = on_wait

    def sweep(self, first: Sequence[str], queries: Sequence[str]) -> SweepEnd:
        """Sweep once, all averages included, and ask questions while held.

        Parameters
        ----------
        first
            Commands that precede the start.
        queries
            Questions for the end.

        Raises
        ------
        InstrumentError
            If the sweep does not end, ends too early or is refused.
        """
        table = self._talk.dialect.sweep
        is_averaged = self._plan.averaging_count > 1
        start = table.start_averaged if is_averaged else table.start_single
        began_s = self._clock.monotonic_s()
        self._on_wait()
        replies = self._run([*first, *fill(start, self._plan)], queries)
        elapsed_s = self._clock.monotonic_s() - began_s
        check_elapsed(elapsed_s, self._duration)
        if not is_averaged:
            return SweepEnd(replies=replies, is_average_short=False)
        if self._talk.dialect.averaging.progress_query is None:
            is_short = is_average_short(elapsed_s, self._duration)
            return SweepEnd(replies=replies, is_average_short=is_short)
        return self._complete_average(replies, queries)

    def _run(self, start: list[str], queries: Sequence[str]) -> list[str]:
        talk, sync = self._talk, self._talk.dialect.sweep.sync
        if sync is SyncMethod.WAIT:
            talk.confirm(start, timeout_s=self._duration.deadline_s)
            return talk.ask(queries)
        if self._duration.is_short and sync is SyncMethod.EVENT:
            return talk.confirm_and_ask(start, queries)
        if self._duration.is_short and talk.dialect.joins_queries:
            return self._run_at_once(start, queries)
        if sync is SyncMethod.EVENT:
            # An event that an abandoned sweep left would end this one.
            talk.ask(["*ESR?"])
            start = [*start, "*OPC"]
        talk.tell(start)
        self._poll()
        return talk.ask(queries)

    def _run_at_once(self, start: list[str], queries: Sequence[str]) -> list[str]:
        # Some answer *OPC? at once, so the mode is asked for as well.
        table = self._talk.dialect.sweep
        assert table.done_query is not None
        done, *replies = self._talk.confirm_and_ask(start, [table.done_query, *queries])
        if done.strip() == table.done_reply:
            return replies
        self._poll()
        return self._talk.ask(queries)

    def _poll(self) -> None:
        wait_for_end(self._has_ended, self._duration, self._clock, self._on_wait)

    def _has_ended(self) -> bool:
        table = self._talk.dialect.sweep
        if table.sync is SyncMethod.EVENT:
            events = parse_integer(self._talk.ask(["*ESR?"])[0])
            if events & _FAILED:
                raise ScpiError(f"the sweep was refused; *ESR? answers {events}")
            return bool(events & _OPERATION_COMPLETE)
        assert table.done_query is not None
        return self._talk.ask([table.done_query])[0].strip() == table.done_reply

    def _complete_average(self, replies: list[str], queries: Sequence[str]) -> SweepEnd:
        table = self._talk.dialect.averaging
        wanted = self._plan.averaging_count
        averaged = self._averaged_count()
        for _ in range(wanted if table.is_retriggered else 0):
            if averaged >= wanted:
                break
            restart = fill(self._talk.dialect.sweep.restart, self._plan)
            replies = self._run(restart, queries)
            averaged = self._averaged_count()
        return SweepEnd(replies=replies, is_average_short=averaged < wanted)

    def _averaged_count(self) -> int:
        query = self._talk.dialect.averaging.progress_query
        assert query is not None
        return parse_integer(self._talk.ask([query])[0])
