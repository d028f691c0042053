"""The status of an instrument: registers of IEEE 488.2 and the error queue."""

from collections import deque
from enum import IntFlag

from instruments.simulation.scpi.errors import ScpiFault

MAX_ERRORS = 30
"""Length of the error queue; the last entry tells of an overflow."""


class Event(IntFlag):
    """Bits of the standard event status register."""

    OPERATION_COMPLETE = 1
    QUERY_ERROR = 4
    DEVICE_ERROR = 8
    EXECUTION_ERROR = 16
    COMMAND_ERROR = 32
    POWER_ON = 128


class StatusByte(IntFlag):
    """Bits of the status byte."""

    ERROR_AVAILABLE = 4
    EVENT_SUMMARY = 32
    MASTER_SUMMARY = 64


class Status:
    """Event register, its two masks, and the error queue."""

    def __init__(self) -> None:
        self.event_mask = 0
        self.request_mask = 0
        self._events = Event.POWER_ON
        self._errors: deque[tuple[int, str]] = deque()

    def raise_event(self, event: Event) -> None:
        """Set a bit of the event register."""
        self._events |= event

    def report(self, fault: ScpiFault) -> None:
        """Queue an error and set the bit of its class."""
        classes = {
            1: Event.COMMAND_ERROR,
            2: Event.EXECUTION_ERROR,
            4: Event.QUERY_ERROR,
        }
        self.raise_event(classes.get(-fault.number // 100, Event.DEVICE_ERROR))
        if len(self._errors) < MAX_ERRORS:
            self._errors.append((fault.number, fault.sentence))
        else:
            self._errors[-1] = (-350, "Queue overflow")

    def next_error(self) -> tuple[int, str]:
        """Take the oldest error, (0, "No error") where there is none."""
        return self._errors.popleft() if self._errors else (0, "No error")

    @property
    def error_count(self) -> int:
        """Errors in the queue."""
        return len(self._errors)

    def read_events(self) -> int:
        """Return the event register and clear it."""
        events, self._events = self._events, Event(0)
        return int(events)

    def clear(self) -> None:
        """Clear events and errors (``*CLS``); the masks stay."""
        self._events = Event(0)
        self._errors.clear()

    def power_on(self) -> None:
        """Be as after switching on: no errors, no masks, the power-on bit."""
        self.event_mask = self.request_mask = 0
        self._events = Event.POWER_ON
        self._errors.clear()

    def byte(self) -> int:
        """Return the status byte with its master summary."""
        summary = StatusByte(0)
        if self._errors:
            summary |= StatusByte.ERROR_AVAILABLE
        if self._events & self.event_mask:
            summary |= StatusByte.EVENT_SUMMARY
        if summary & self.request_mask:
            summary |= StatusByte.MASTER_SUMMARY
        return int(summary)
