"""The record of attempts: a line before each sweep, and one that says how it ended.

The lines reach the kernel before the instrument is triggered, so that they survive a
killed process (a power cut may take the newest ones). An attempt without an end was
interrupted: its sweep is stored if it had reached the spool, else it was never kept.
"""

import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from instruments.clock import Clock

_OLDER_SUFFIX = ".older"


class AttemptOutcome(StrEnum):
    """How an attempt to sweep ended."""

    STORED = "stored"
    """The sweep is in the spool, on disk."""

    FAILED = "failed"
    """The instrument gave no sweep; the reason says why."""

    REFUSED = "refused"
    """There was a sweep, and the spool could not take it."""

    INTERRUPTED = "interrupted"
    """It was broken off on purpose, and is no failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to sweep.

    Attributes
    ----------
    key
        Idempotency key that the sweep has, if there is one.
    outcome
        None while it runs, and for ever where its process was killed.
    reason
        Why it failed, was refused or was interrupted.
    """

    key: str
    vna: str
    cavity: str
    sweep_name: str
    outcome: AttemptOutcome | None = None
    reason: str | None = None


class AttemptRecord(Protocol):
    """What keeps the attempts."""

    def begin(self, attempt: Attempt) -> None:
        """Note that an attempt begins; never fails."""
        ...

    def end(
        self, attempt: Attempt, outcome: AttemptOutcome, reason: str | None = None
    ) -> None:
        """Note how it ended; never fails."""
        ...


class AttemptCounts(AttemptRecord):
    """Counts how attempts ended; usable by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun_count = 0
        self._ended: Counter[tuple[str, AttemptOutcome, str | None]] = Counter()

    def begin(self, attempt: Attempt) -> None:
        """Count an attempt."""
        del attempt
        with self._lock:
            self._begun_count += 1

    def end(
        self, attempt: Attempt, outcome: AttemptOutcome, reason: str | None = None
    ) -> None:
        """Count how it ended."""
        with self._lock:
            self._ended[attempt.vna, outcome, reason] += 1

    @property
    def begun_count(self) -> int:
        """Attempts so far."""
        with self._lock:
            return self._begun_count

    def count(self, outcome: AttemptOutcome) -> int:
        """Count the attempts that ended so."""
        with self._lock:
            return sum(n for (_, how, _), n in self._ended.items() if how is outcome)

    def failures_of(self, vna: str) -> dict[str, int]:
        """Return reason to the number of failed attempts of one VNA."""
        with self._lock:
            return {
                str(reason): count
                for (name, outcome, reason), count in self._ended.items()
                if name == vna and outcome is AttemptOutcome.FAILED
            }


class AttemptLog(AttemptCounts):
    """Counts the attempts and writes them down, one JSON object a line.

    Parameters
    ----------
    path
        The file; when it is full it becomes ``<name>.older``, replacing the last one.
    max_bytes
        When it is full.
    clock
        The time.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """

    def __init__(self, path: Path, *, max_bytes: int, clock: Clock) -> None:
        super().__init__()
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._writing = threading.Lock()
        self._file = _open(path)
        self._size_bytes = os.fstat(self._file).st_size
        if _ends_in_half_a_line(path):
            self._size_bytes += os.write(self._file, b"\n")
        self.lost_line_count = 0

    def begin(self, attempt: Attempt) -> None:
        """Count an attempt and write it down."""
        super().begin(attempt)
        self._write(
            {
                "begin": attempt.key,
                "at": self._clock.now().isoformat(),
                "vna": attempt.vna,
                "cavity": attempt.cavity,
                "sweep": attempt.sweep_name,
            }
        )

    def end(
        self, attempt: Attempt, outcome: AttemptOutcome, reason: str | None = None
    ) -> None:
        """Count how it ended and write it down."""
        super().end(attempt, outcome, reason)
        line = {"end": attempt.key, "outcome": outcome.value}
        self._write(line if reason is None else line | {"reason": reason})

    def close(self) -> None:
        """Close the file."""
        with self._writing:
            os.close(self._file)
            self._file = -1

    def _write(self, line: dict[str, Any]) -> None:
        data = json.dumps(line).encode() + b"\n"
        with self._writing:
            try:
                if self._size_bytes + len(data) > self._max_bytes:
                    self._turn_over()
                # One call a line, so that a kill never leaves half a line.
                self._size_bytes += os.write(self._file, data)
            except OSError:
                self.lost_line_count += 1

    def _turn_over(self) -> None:
        os.close(self._file)
        self._path.replace(self._path.with_name(self._path.name + _OLDER_SUFFIX))
        self._file = _open(self._path)
        self._size_bytes = 0


def read_attempts(path: Path) -> dict[str, Attempt]:
    """Read what is written down, the older file first.

    Returns
    -------
    dict
        Key to attempt, in the order in which they began.
    """
    attempts: dict[str, Attempt] = {}
    for line in _lines((path.with_name(path.name + _OLDER_SUFFIX), path)):
        if "begin" in line:
            attempts[line["begin"]] = Attempt(
                key=line["begin"],
                vna=line["vna"],
                cavity=line["cavity"],
                sweep_name=line["sweep"],
            )
        elif begun := attempts.get(line["end"]):
            attempts[begun.key] = Attempt(
                key=begun.key,
                vna=begun.vna,
                cavity=begun.cavity,
                sweep_name=begun.sweep_name,
                outcome=AttemptOutcome(line["outcome"]),
                reason=line.get("reason"),
            )
    return attempts


def _lines(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                # A power cut may have left half a line.
                with suppress(ValueError):
                    yield json.loads(line)


def _ends_in_half_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - 1, 0))
        return file.read(1) not in (b"", b"\n")


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
