"""What a spool takes and gives back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledSweep:
    """One waiting sweep, packed.

    Attributes
    ----------
    row_number
        Its place in the queue.
    key
        Its idempotency key.
    message
        Its sweep message as msgpack.
    """

    row_number: int
    key: str
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """A packed sweep that shall wait."""

    key: str
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A sweep that was set aside.

    Attributes
    ----------
    number
        What ``retry`` and ``drop`` call it.
    key
        Its idempotency key.
    reason
        Why the service will not take it.
    size_bytes
        Bytes of its message.
    rejected_at_s
        When it was set aside, in seconds since 1970.
    """

    number: int
    key: str
    reason: str
    size_bytes: int
    rejected_at_s: float
