"""Whatever a VISA library raises, as one of our errors."""

import socket
import struct

import pyvisa
from pyvisa.constants import StatusCode

from instruments.errors import (
    GarbledReplyError,
    InstrumentError,
    InstrumentTimeoutError,
    NotConnectedError,
)


def as_instrument_error(error: Exception, resource: str) -> InstrumentError:
    """Name whatever a call raised as an error of ours, with the resource.

    Returns
    -------
    InstrumentError
        InstrumentTimeoutError where the library tells of a timeout; GarbledReplyError
        where it stumbled over what the instrument sent; NotConnectedError for all else
        that a library raises when a connection ends.
    """
    match error:
        case InstrumentError():
            return type(error)(f"{resource}: {error}")
        case pyvisa.errors.VisaIOError(error_code=StatusCode.error_timeout):
            return InstrumentTimeoutError(f"{resource}: no reply in time")
        case pyvisa.errors.VisaIOError():
            return NotConnectedError(f"{resource}: {error.description}")
        case TimeoutError():
            return InstrumentTimeoutError(f"{resource}: no reply in time")
        case AssertionError() | struct.error() | MemoryError() | UnicodeError():
            return GarbledReplyError(
                f"{resource}: the reply breaks its protocol ({error!r:.120})"
            )
        case _:
            return NotConnectedError(f"{resource}: {error!r:.200}")


def close_half_open(error: BaseException) -> None:
    """Close the sockets of an opening that failed half-way.

    pyvisa-py 0.8.1 leaves them to the garbage collector.
    """
    cause: BaseException | None = error
    while cause is not None:
        trace = cause.__traceback__
        while trace is not None:
            owner = trace.tb_frame.f_locals.get("self")
            for name in ("_sync", "_async", "sock"):
                if isinstance(half := getattr(owner, name, None), socket.socket):
                    half.close()
            trace = trace.tb_next
        cause = cause.__cause__ or cause.__context__
