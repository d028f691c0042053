"""How often each element has moved: relays wear out, and a restart forgets nothing."""

import contextlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

_log = logging.getLogger(__name__)

FILE_NAME = "actuations.json"
"""Name of the file, beside the spool."""

_MAX_FILE_BYTES = 1024 * 1024


class ActuationLedger:
    """Counts moves, and writes them down before they happen.

    Safe to use from several threads. A disk that refuses costs no measurement: the
    counts stay in memory and are written with the next move.

    Parameters
    ----------
    path
        The file; its directory is made if need be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._counts = _read(path)
        self.last_error: str | None = None

    def count(self, switch: str, element: str) -> int:
        """Return how often an element has moved."""
        with self._lock:
            return self._counts.get(switch, {}).get(element, 0)

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return all counts: switch to element to number of moves."""
        with self._lock:
            return {switch: dict(one) for switch, one in self._counts.items()}

    def add(self, moves: Iterable[tuple[str, str]]) -> None:
        """Count a move of each (switch, element), durably."""
        with self._lock:
            for switch, element in moves:
                elements = self._counts.setdefault(switch, {})
                elements[element] = elements.get(element, 0) + 1
            try:
                self._write()
                self.last_error = None
            except OSError as error:
                if self.last_error is None:
                    _log.warning("%s: cannot be written (%s)", self._path, error)
                self.last_error = f"{self._path}: cannot be written ({error.strerror})"

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f"{self._path.name}.part")
        with partial.open("w", encoding="utf-8") as file:
            json.dump(self._counts, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)
        _sync_directory(self._path.parent)


def _sync_directory(directory: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: Path) -> dict[str, dict[str, int]]:
    try:
        with path.open(encoding="utf-8") as file:
            tree = json.loads(file.read(_MAX_FILE_BYTES))
        return {
            str(switch): {str(name): _whole(count) for name, count in one.items()}
            for switch, one in tree.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        with contextlib.suppress(OSError):
            path.replace(path.with_name(f"{path.name}.unreadable"))
        _log.warning("%s: cannot be read (%s); counting from 0", path, error)
        return {}


def _whole(count: object) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ValueError(f"{count!r:.40} is no number of moves")
    return count
