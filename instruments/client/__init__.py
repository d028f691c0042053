"""What carries a sweep to the service without losing it: spool, client, uploader."""

from instruments.client.backoff import Backoff
from instruments.client.errors import (
    RejectedError,
    ServiceError,
    SpoolError,
    SpoolFullError,
    TryAgainError,
)
from instruments.client.http import SweepClient, SweepResult
from instruments.client.sender import SweepSender
from instruments.client.spool import Spool
from instruments.client.spool_records import DeadLetter, SpooledSweep
from instruments.client.uploader import Uploader

__all__ = [
    "Backoff",
    "DeadLetter",
    "RejectedError",
    "ServiceError",
    "Spool",
    "SpoolError",
    "SpoolFullError",
    "SpooledSweep",
    "SweepClient",
    "SweepResult",
    "SweepSender",
    "TryAgainError",
    "Uploader",
]
