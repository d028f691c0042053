"""Keeps worker processes alive, and takes them along when it ends."""

import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from instruments.clock import Clock

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
"""First and longest pause before a worker that died is started again, in seconds."""

HEALTHY_AFTER_S = 30.0
"""A worker that lived this long starts again with the first pause."""

STOP_DEADLINE_S = 8.0
"""How long the workers may take to end, in seconds, before they are killed."""

_CHECK_S = 0.1

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Child:
    arguments: tuple[str, ...]
    process: "subprocess.Popen[bytes] | None" = None
    started_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    next_start_s: float = 0.0


class Supervisor:
    """Runs ``halowatch`` commands as children and restarts those that die.

    Each child holds one end of a pipe as its stdin and ends when the other end
    closes. So the children go with this process, however it ends.

    Parameters
    ----------
    commands
        Arguments of each child, such as ``("worker", "diagnose")``.
    environment
        Environment of the children.
    """

    def __init__(
        self,
        commands: Sequence[tuple[str, ...]],
        environment: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._children = [_Child(command) for command in commands]
        self._environment = dict(environment)
        self._clock = clock
        self._stop = threading.Event()
        # The interpreter waits for others at its end, for ever where nobody stopped it.
        self._thread = threading.Thread(
            target=self._watch, name="supervisor", daemon=True
        )

    @property
    def pids(self) -> list[int]:
        """Process ids of the children that run."""
        processes = [child.process for child in self._children]
        return [process.pid for process in processes if process is not None]

    def start(self) -> None:
        """Start every child and watch them from a thread."""
        self._thread.start()

    def hang_up(self) -> None:
        """Tell every child to read its settings again."""
        processes = [child.process for child in self._children]
        for process in processes:
            if process is not None:
                process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """End every child: ask first, kill after a deadline that they share.

        One that still starts does not see its pipe close; the signal ends it at once.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_DEADLINE_S)
        processes = [child.process for child in self._children if child.process]
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
            process.terminate()
        end_s = self._clock.monotonic_s() + STOP_DEADLINE_S
        for process in processes:
            try:
                process.wait(max(end_s - self._clock.monotonic_s(), 0.0))
            except subprocess.TimeoutExpired:
                process.kill()
        for process in processes:
            process.wait(STOP_DEADLINE_S)

    def _watch(self) -> None:
        while not self._stop.is_set():
            for child in self._children:
                self._look_after(child)
            self._stop.wait(_CHECK_S)

    def _look_after(self, child: _Child) -> None:
        now_s = self._clock.monotonic_s()
        if child.process is not None:
            status = child.process.poll()
            if status is None:
                return
            self._bury(child, status, now_s)
        if now_s >= child.next_start_s:
            child.process = self._spawn(child.arguments)
            child.started_s = now_s

    def _bury(self, child: _Child, status: int, now_s: float) -> None:
        assert child.process is not None
        assert child.process.stdin is not None
        child.process.stdin.close()
        child.process = None
        if now_s - child.started_s >= HEALTHY_AFTER_S:
            child.pause_s = FIRST_PAUSE_S
        child.next_start_s = now_s + child.pause_s
        _log.warning(
            "worker_ended",
            worker=" ".join(child.arguments),
            status=status,
            restart_in_s=child.pause_s,
        )
        child.pause_s = min(2 * child.pause_s, LONGEST_PAUSE_S)

    def _spawn(self, arguments: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - our own interpreter and command
            [sys.executable, "-m", "service.cli", *arguments],
            stdin=subprocess.PIPE,
            env=self._environment,
            # Ctrl-C reaches the parent alone, which then ends its children.
            start_new_session=True,
        )
