"""The thread that carries sweeps from the spool to the service."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence

from instruments.client.backoff import Backoff
from instruments.client.errors import RejectedError, SpoolError, TryAgainError
from instruments.client.http import (
    MEASURED_AHEAD,
    UNREGISTERED_CAVITY,
    SweepClient,
    SweepResult,
)
from instruments.client.spool import Spool
from instruments.client.spool_records import SpooledSweep
from instruments.clock import Clock
from instruments.measurement.bodies import unpack_body

_log = logging.getLogger(__name__)

_BATCH_SIZE = 64
_IDLE_S = 1.0
_STOPPING_PAUSE_S = 0.25
_REGISTRATION_ATTEMPTS = 3


class Uploader:
    """Drains a spool in order; forgets a sweep only when the service holds it.

    Parameters
    ----------
    spool
        Where sweeps wait.
    client
        Where they go.
    clock
        The time.
    backoff
        Waits after failures; 0.5 s doubling to 60 s with full jitter by default.
    on_unregistered
        Called with the cavities that the service does not know, so that somebody
        registers them; tells whether that is done. The sweeps are posted again, at
        once where it is, a few times before they are set aside.
    """

    def __init__(
        self,
        spool: Spool,
        client: SweepClient,
        *,
        clock: Clock,
        backoff: Backoff | None = None,
        on_unregistered: Callable[[Collection[str]], bool] | None = None,
    ) -> None:
        self._spool = spool
        self._client = client
        self._clock = clock
        self._backoff = backoff or Backoff(first_s=0.5, longest_s=60.0)
        self._on_unregistered = on_unregistered
        self._attempts: dict[str, int] = {}
        self._batch_size = _BATCH_SIZE
        self._stopping = threading.Event()
        self._deadline_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)
        self.last_error: str | None = None

    def start(self) -> None:
        """Begin to drain; a second call changes nothing."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Drain what is left, for at most ``deadline_s`` seconds, and end.

        Returns
        -------
        bool
            Whether the spool is empty.
        """
        self._deadline_s = self._clock.monotonic_s() + deadline_s
        self._stopping.set()
        self._spool.arrived.set()
        if self._thread.is_alive():
            self._thread.join(deadline_s + 5.0)
        return self._spool.state().depth == 0

    def _run(self) -> None:
        while not self._is_over():
            try:
                is_idle = self._carry_on()
            except SpoolError as error:
                self._pause(self._note_failure(error))
                continue
            if is_idle and self._stopping.is_set():
                return
            if is_idle:
                self._spool.arrived.wait(_IDLE_S)

    def _carry_on(self) -> bool:
        """Send the next batch; True where none waits."""
        batch = self._spool.next_batch(max_count=self._batch_size)
        if batch:
            self._pause(self._send(batch))
        return not batch

    def _is_over(self) -> bool:
        if not self._stopping.is_set() or self._deadline_s is None:
            return False
        return self._clock.monotonic_s() >= self._deadline_s

    def _send(self, batch: list[SpooledSweep]) -> float:
        """Post a batch and return the pause in seconds before the next one."""
        try:
            results = self._client.post_messages([sweep.message for sweep in batch])
        except TryAgainError as error:
            return self._note_failure(error)
        except RejectedError as error:
            self._isolate(batch, error)
            return 0.0
        return self._settle(batch, results)

    def _settle(
        self, batch: list[SpooledSweep], results: Sequence[SweepResult]
    ) -> float:
        pairs = list(zip(batch, results, strict=True))
        self._spool.confirm([sweep for sweep, result in pairs if result.is_stored])
        refused = [pair for pair in pairs if not pair[1].is_stored]
        waiting = [pair for pair in refused if self._may_pass(*pair)]
        for sweep, result in refused:
            if (sweep, result) not in waiting:
                self._bury(sweep, result.error or "rejected without a reason")
        if waiting:
            return self._wait_for(waiting)
        self._note_success()
        return 0.0

    def _wait_for(self, waiting: list[tuple[SpooledSweep, SweepResult]]) -> float:
        unknown = [
            sweep for sweep, result in waiting if result.code == UNREGISTERED_CAVITY
        ]
        if unknown and self._on_unregistered is not None:
            is_done = self._on_unregistered({_cavity_of(sweep) for sweep in unknown})
            is_first = all(self._attempts[sweep.key] == 1 for sweep in unknown)
            if is_done and is_first and len(unknown) == len(waiting):
                return 0.0
        return self._note_failure(TryAgainError(str(waiting[0][1].error)))

    def _may_pass(self, sweep: SpooledSweep, result: SweepResult) -> bool:
        # A clock that is wrong will be set: no reason to give up what was measured.
        return result.code == MEASURED_AHEAD or self._may_be_registered(sweep, result)

    def _may_be_registered(self, sweep: SpooledSweep, result: SweepResult) -> bool:
        if self._on_unregistered is None or result.code != UNREGISTERED_CAVITY:
            return False
        attempts = self._attempts.get(sweep.key, 0) + 1
        if attempts > _REGISTRATION_ATTEMPTS:
            self._attempts.pop(sweep.key, None)
            return False
        self._attempts[sweep.key] = attempts
        return True

    def _isolate(self, batch: list[SpooledSweep], error: RejectedError) -> None:
        # One bad sweep spoils a whole body: halve until it stands alone.
        if len(batch) > 1:
            self._batch_size = max(len(batch) // 2, 1)
        else:
            self._bury(batch[0], str(error))

    def _bury(self, sweep: SpooledSweep, reason: str) -> None:
        _log.error("sweep %s goes to the dead letters: %s", sweep.key, reason)
        self._spool.reject(sweep, reason)

    def _note_success(self) -> None:
        self._attempts.clear()
        if self._backoff.failure_count:
            _log.info("the service takes sweeps again")
        self._backoff.reset()
        self._batch_size = min(self._batch_size * 2, _BATCH_SIZE)
        self.last_error = None

    def _note_failure(self, error: TryAgainError | SpoolError) -> float:
        asked_s = error.retry_after_s if isinstance(error, TryAgainError) else None
        wait_s = max(self._backoff.next_s(), asked_s or 0.0)
        if self.last_error is None:
            _log.warning("sweeps wait in the spool: %s", error)
        self.last_error = str(error)
        return wait_s

    def _pause(self, duration_s: float) -> None:
        if duration_s <= 0.0:
            return
        if not self._stopping.is_set() and not self._stopping.wait(duration_s):
            return
        self._clock.sleep(min(duration_s, _STOPPING_PAUSE_S))


def _cavity_of(sweep: SpooledSweep) -> str:
    (message,) = unpack_body(sweep.message)
    return str(message["cavity"])
