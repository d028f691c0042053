"""How often a caller may call: counts in memory, of this process's share."""

import math

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
        Calls that one key or person may make in a second, of all processes together.
    replica_count
        Processes that serve one site; each allows its share, rounded up.
    """

    def __init__(self, requests_per_s: int, replica_count: int = 1) -> None:
        storage = MemoryStorage()
        self._replica_count = replica_count
        self._requests = self._share(RateLimitItemPerSecond(requests_per_s))
        self._fixed = FixedWindowRateLimiter(storage)
        self._moving = MovingWindowRateLimiter(storage)

    def count_request(self, identity: str) -> bool:
        """Count one call; False where it is one too many."""
        return self._fixed.hit(self._requests, identity)

    def count(self, item: RateLimitItem, *identity: str) -> bool:
        """Count one attempt; False where it is one too many."""
        return self._moving.hit(self._share(item), *identity)

    def is_spent(self, item: RateLimitItem, *identity: str) -> bool:
        """Tell whether the next attempt would be one too many, without counting."""
        return not self._moving.test(self._share(item), *identity)

    def _share(self, item: RateLimitItem) -> RateLimitItem:
        amount = math.ceil(item.amount / self._replica_count)
        return type(item)(amount, item.multiples)
