"""Whatever a VISA library raises, as one of our errors."""

import contextlib
import socket
import struct
from collections.abc import Iterator

import pyvisa
from pyvisa.constants import StatusCode

from instruments.errors import (
    GarbledReplyError,
    InstrumentError,
    InstrumentTimeoutError,
    NotConnectedError,
)


@contextlib.contextmanager
def typed_errors(resource: str) -> Iterator[None]:
    """Turn every error of a call into an ``InstrumentError`` that names the resource.

    Raises
    ------
    InstrumentTimeoutError
        If the library tells of a timeout.
    GarbledReplyError
        If it stumbled over what the instrument sent.
    NotConnectedError
        For everything else that a library raises when a connection ends.
    """
    try:
        yield
    except InstrumentError as error:
        raise type(error)(f"{resource}: {error}") from None
    except pyvisa.errors.VisaIOError as error:
        if error.error_code == StatusCode.error_timeout:
            raise InstrumentTimeoutError(f"{resource}: no reply in time") from None
        raise NotConnectedError(f"{resource}: {error.description}") from None
    except TimeoutError:
        raise InstrumentTimeoutError(f"{resource}: no reply in time") from None
    except (AssertionError, struct.error, MemoryError, UnicodeError) as error:
        raise GarbledReplyError(
            f"{resource}: the reply breaks its protocol ({error!r:.120})"
        ) from None
    except Exception as error:  # noqa: BLE001 - pyvisa-py raises bare Exception
        # Its RPCError and EOFError have no common root that could be named here.
        raise NotConnectedError(f"{resource}: {error!r:.200}") from None


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
