"""Waits that double, with jitter, so that many pollers do not knock together."""

import random


class Backoff:
    """Doubling waits up to a longest one.

    Parameters
    ----------
    first_s, longest_s
        First and longest wait in seconds.
    jitter
        Fraction of the wait that is random: 1 draws from 0 to the whole wait.
    rng
        Source of the jitter.
    """

    def __init__(
        self,
        *,
        first_s: float,
        longest_s: float,
        jitter: float = 1.0,
        rng: random.Random | None = None,
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._jitter = jitter
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, hides nothing
        self.failure_count = 0

    def next_s(self) -> float:
        """Count one more failure and return the wait in seconds that follows it."""
        # Beyond 2^30 the wait is the longest anyway, and floats would overflow.
        doubled_s = self._first_s * 2.0 ** min(self.failure_count, 30)
        self.failure_count += 1
        whole_s = min(doubled_s, self._longest_s)
        return whole_s * (1.0 - self._jitter * self._rng.random())

    def reset(self) -> None:
        """Begin anew after a success."""
        self.failure_count = 0
