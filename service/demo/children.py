"""The demo's processes: started, watched, and ended without a trace."""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from instruments.clock import Clock

_PR_SET_PDEATHSIG = 1

# Found before any fork: between fork and exec a child may neither import nor look up a
# symbol, for another thread may have held the loader's lock.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

INTERRUPT_DEADLINE_S = 15.0
"""How long a child may take to end after SIGINT; the poller drains its spool in it."""

KILL_DEADLINE_S = 3.0
"""How long it may take after SIGTERM before it is killed."""


class ChildFailedError(Exception):
    """A process of the demo ended by itself; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Child:
    """One ``halowatch`` process with its output in a file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self, lines: int = 5) -> str:
        """Return the end of what it printed."""
        text = self.log.read_text(errors="replace").strip().splitlines()
        return "\n".join(text[-lines:])

    def check(self) -> None:
        """Raise if the process has ended.

        Raises
        ------
        ChildFailedError
            With the exit status and the last lines that it printed.
        """
        status = self.process.poll()
        if status is not None:
            raise ChildFailedError(
                f"halowatch {self.name} ended with status {status}:\n"
                f"{self.last_words()}"
            )


def start_child(
    name: str, arguments: list[str], folder: Path, environment: Mapping[str, str]
) -> Child:
    """Start ``halowatch NAME ARGUMENTS`` with stdout and stderr in a file."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and command
            [sys.executable, "-m", "service.cli", name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            # A session of its own: Ctrl-C reaches the demo alone, which then ends
            # its children in order, the poller first.
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, no lock
        )
    return Child(name, process, log)


def stop_child(child: Child, clock: Clock) -> int:
    """End a child: SIGINT, then SIGTERM, then SIGKILL, each with a deadline."""
    steps = (
        (signal.SIGINT, INTERRUPT_DEADLINE_S),
        (signal.SIGTERM, KILL_DEADLINE_S),
        (signal.SIGKILL, KILL_DEADLINE_S),
    )
    for number, deadline_s in steps:
        if child.process.poll() is None:
            child.process.send_signal(number)
        end_s = clock.monotonic_s() + deadline_s
        while child.process.poll() is None and clock.monotonic_s() < end_s:
            clock.sleep(0.02)
        if child.process.poll() is not None:
            break
    return child.process.wait(timeout=KILL_DEADLINE_S)


def _end_with_parent() -> None:
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)
