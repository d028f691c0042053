"""One thread an instrument: connect, measure what is due, back off on failure."""

import logging
import threading

from instruments.client import Backoff
from instruments.clock import Clock
from instruments.errors import IdentityMismatchError, InstrumentError
from instruments.polling.health import HealthBoard, InstrumentState
from instruments.polling.session import Session

_log = logging.getLogger(__name__)

_LONGEST_NAP_S = 2.0
_PATIENCE_S = 10.0


class StepEndedError(Exception):
    """The worker was told to end while it measured."""


class Worker:
    """Runs the session of one instrument until it is told to end.

    Parameters
    ----------
    name
        The instrument in the array file.
    session
        Its work.
    board
        Where its health is noted.
    clock
        The time.
    backoff
        Waits between sessions that failed.
    called
        Set by whoever wants its attention; ends its naps.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        *,
        board: HealthBoard,
        clock: Clock,
        backoff: Backoff,
        called: threading.Event | None = None,
    ) -> None:
        self.name = name
        self.session = session
        self._board = board
        self._clock = clock
        self._backoff = backoff
        self._called = called or threading.Event()
        self._is_ending = False
        self._is_abandoned = False
        self._heartbeat_s = clock.monotonic_s()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._heartbeat_s = self._clock.monotonic_s()
        self._thread.start()

    def end(self) -> None:
        """Ask the thread to end after giving the instrument back."""
        self._is_ending = True
        self._called.set()

    def abandon(self) -> None:
        """Give the thread up; should it ever wake, it ends without a trace."""
        self._is_abandoned = True
        self._is_ending = True

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended."""
        self._thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    @property
    def is_overdue(self) -> bool:
        """Whether the last heartbeat is older than 2 x expected + 10 s."""
        age_s = self._clock.monotonic_s() - self._heartbeat_s
        return age_s > 2.0 * self.session.expected_s + _PATIENCE_S

    def beat(self) -> None:
        """Show that the thread is alive.

        Raises
        ------
        StepEndedError
            If it was told to end.
        """
        self._heartbeat_s = self._clock.monotonic_s()
        if self._is_ending:
            raise StepEndedError

    def _run(self) -> None:
        while not self._is_ending:
            try:
                self._serve()
            except StepEndedError:
                self.session.close(is_orderly=not self._is_abandoned)
            except InstrumentError as error:
                self._recover(str(error), _state_after(error))
            except Exception as error:  # noqa: BLE001 - a bug ends no VNA
                _log.exception("%s: the worker met what it does not know", self.name)
                self._recover(repr(error), InstrumentState.DISCONNECTED)
        self._enter(InstrumentState.STOPPED)

    def _serve(self) -> None:
        self._enter(InstrumentState.CONNECTING)
        self.beat()
        self.session.open()
        self._enter(InstrumentState.IDENTIFIED)
        while True:
            self.session.expected_s = 0.0
            self.beat()
            wait_s = self.session.next_due_s() - self._clock.monotonic_s()
            if wait_s > 0.0:
                self._nap(wait_s)
                continue
            if self.session.measure(self.beat):
                self._backoff.reset()
                self._enter(InstrumentState.READY)

    def _nap(self, wait_s: float) -> None:
        if self._called.wait(min(wait_s, _LONGEST_NAP_S)):
            self._called.clear()

    def _recover(self, sentence: str, state: InstrumentState) -> None:
        self.session.close(is_orderly=False)
        if self._is_abandoned:
            return
        if self._backoff.failure_count == 0:
            _log.warning("%s: %s", self.name, sentence)
        self._board.note_failure(self.name, sentence)
        self._enter(state)
        wait_s = self._backoff.next_s()
        self.session.expected_s = wait_s
        self._heartbeat_s = self._clock.monotonic_s()
        self._wait_out(wait_s)

    def _wait_out(self, wait_s: float) -> None:
        """Wait for the next session; a call for anything but the end waits too."""
        end_s = self._clock.monotonic_s() + wait_s
        while not self._is_ending:
            left_s = end_s - self._clock.monotonic_s()
            if left_s <= 0.0:
                return
            self._nap(left_s)

    def _enter(self, state: InstrumentState) -> None:
        if not self._is_abandoned:
            self._board.enter(self.name, state)


def _state_after(error: InstrumentError) -> InstrumentState:
    if isinstance(error, IdentityMismatchError):
        return InstrumentState.FAULT
    return InstrumentState.DISCONNECTED
