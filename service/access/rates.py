"""How often a caller may call: counts in memory, of this process."""

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

LOGINS = RateLimitItemPerMinute(10)
"""Attempts to log in, by address and by account."""

WRONG_KEYS = RateLimitItemPerMinute(60)
"""Calls with a key that is none, by address."""


class Rates:
    """Counts of this process.

    Parameters
    ----------
    requests_per_s
        Calls that one key or person may make in a second.
    """

    def __init__(self, requests_per_s: int) -> None:
        storage = MemoryStorage()
        self._requests = RateLimitItemPerSecond(requests_per_s)
        self._fixed = FixedWindowRateLimiter(storage)
        self._moving = MovingWindowRateLimiter(storage)

    def count_request(self, identity: str) -> bool:
        """Count one call; False where it is one too many."""
        return self._fixed.hit(self._requests, identity)

    def count(self, item: RateLimitItem, *identity: str) -> bool:
        """Count one attempt; False where it is one too many."""
        return self._moving.hit(item, *identity)

    def is_spent(self, item: RateLimitItem, *identity: str) -> bool:
        """Tell whether the next attempt would be one too many, without counting."""
        return not self._moving.test(item, *identity)
