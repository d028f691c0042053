"""Identifiers that sort by time: UUID version 7 as text (RFC 9562)."""

import secrets
import threading
from datetime import datetime

from instruments.clock import Clock
from service.storage.times import to_us


class TimeOrderedIds:
    """Makes identifiers that rise strictly within the process.

    48 bit of milliseconds, 12 bit of the fraction of a millisecond, and random bits:
    two processes do not collide, and later rows stand behind earlier ones.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> str:
        """Return the next identifier, 36 characters."""
        milliseconds, rest_us = divmod(to_us(self._clock.now()), 1000)
        stamp = (milliseconds << 12) | (rest_us * 4096 // 1000)
        with self._lock:
            stamp = max(stamp, self._last + 1)
            self._last = stamp
        return _format(stamp)


def name_alert(now: datetime) -> str:
    """Return an identifier for an alert that was raised at a time."""
    return _format(to_us(now) // 1000 << 12 | secrets.randbits(12))


def _format(stamp: int) -> str:
    """Write 60 bits of time and 62 random ones as a UUID version 7."""
    value = (stamp >> 12 << 80) | (0x7 << 76) | ((stamp & 0xFFF) << 64)
    value |= (0b10 << 62) | secrets.randbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def earliest_id(moment: datetime) -> str:
    """Return the start of every identifier made at a time: none later sorts before."""
    text = f"{max(to_us(moment) // 1000, 0):012x}"
    return f"{text[:8]}-{text[8:12]}"
