"""When one kind of sweep is due: a grid, regular or not, that never piles up."""

import math
from dataclasses import dataclass

_LEAST_TOLERANCE_S = 0.05
_TOLERANCE_PERIODS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """The times of one kind of sweep of one cavity.

    Attributes
    ----------
    period_s
        After which the times repeat, in s.
    phase_s
        Where the first period begins, in s after the start.
    offsets_s
        Times within a period, in s; one at its beginning by default.
    priority
        Of two sweeps with the same deadline the higher one comes first.
    late_after_s
        Lateness from which a sweep is called late, in s; None for a tenth of the
        period, at least 50 ms.
    """

    period_s: float
    phase_s: float = 0.0
    offsets_s: tuple[float, ...] = (0.0,)
    priority: int = 0
    late_after_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse a rhythm without a next time."""
        is_rising = list(self.offsets_s) == sorted(set(self.offsets_s))
        if not is_rising or not self.offsets_s or self.offsets_s[0] < 0.0:
            raise ValueError("offsets_s must rise from 0 or more, each one once")
        if not 0.0 < self.period_s < math.inf or self.offsets_s[-1] >= self.period_s:
            raise ValueError("period_s must lie above 0 and above every offset")

    @property
    def tolerance_s(self) -> float:
        """Lateness from which a sweep is called late, in s."""
        if self.late_after_s is not None:
            return self.late_after_s
        return max(_TOLERANCE_PERIODS * self.period_s, _LEAST_TOLERANCE_S)


class Grid:
    """The times of a rhythm, counted from a start; times are monotonic, in s."""

    def __init__(self, rhythm: Rhythm, *, start_s: float) -> None:
        self.rhythm = rhythm
        self._origin_s = start_s + rhythm.phase_s

    def time_s(self, index: int) -> float:
        """Return one time of the grid; index 0 is the first."""
        period, offset = divmod(index, len(self.rhythm.offsets_s))
        shift_s = period * self.rhythm.period_s + self.rhythm.offsets_s[offset]
        return self._origin_s + shift_s

    def index_after(self, now_s: float) -> int:
        """Return the index of the first time that lies after ``now_s``."""
        periods = math.floor((now_s - self._origin_s) / self.rhythm.period_s)
        # One period early, because the division rounds.
        index = max((periods - 1) * len(self.rhythm.offsets_s), 0)
        while self.time_s(index) <= now_s:
            index += 1
        return index
