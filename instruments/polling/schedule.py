"""When each kind of sweep is due: a fixed grid that never piles up."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class _Entry:
    period_s: float
    origin_s: float
    due_s: float


class Schedule:
    """The kinds of one instrument's sweeps, each on its own grid.

    A kind that is late is taken once; the grid points that were missed meanwhile are
    skipped and counted, so that a slow instrument never owes a backlog.

    Parameters
    ----------
    entries
        Kind to (period in s, phase in s).
    start_s
        Where the grids begin on the monotonic clock.
    """

    def __init__(
        self, entries: Mapping[str, tuple[float, float]], *, start_s: float
    ) -> None:
        self._entries = {
            name: _Entry(period_s, start_s + phase_s, start_s + phase_s)
            for name, (period_s, phase_s) in entries.items()
        }
        self.skipped_count = 0

    def next_due_s(self) -> float:
        """Return when the next sweep is due; infinity where nothing is scheduled."""
        return min((entry.due_s for entry in self._entries.values()), default=math.inf)

    def take(self, now_s: float) -> str | None:
        """Take the kind that has waited longest, and move it to its next grid point.

        Returns
        -------
        str or None
            None where nothing is due.
        """
        if not self._entries:
            return None
        name, entry = min(self._entries.items(), key=lambda item: item[1].due_s)
        if entry.due_s > now_s:
            return None
        step = math.floor((now_s - entry.origin_s) / entry.period_s) + 1
        following_s = entry.origin_s + step * entry.period_s
        if following_s <= now_s:  # rounding, where now lies on the grid itself
            following_s += entry.period_s
        missed = round((following_s - entry.due_s) / entry.period_s) - 1
        self.skipped_count += max(missed, 0)
        entry.due_s = following_s
        return name

    def give_back(self, name: str, now_s: float) -> None:
        """Make a kind due at once whose sweep has failed."""
        self._entries[name].due_s = min(self._entries[name].due_s, now_s)
