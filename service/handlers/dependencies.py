"""What a handler may ask for."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, TypeVar

import orjson
from fastapi import Depends, Request

from instruments.measurement.times import parse_time
from service.context import ServiceContext
from service.errors import InvalidRequestError

Identity = TypeVar("Identity", str, int)


def get_context(request: Request) -> ServiceContext:
    """Return the context of the process."""
    context = request.app.state.context
    assert isinstance(context, ServiceContext)
    return context


Context = Annotated[ServiceContext, Depends(get_context)]
"""The context, as a parameter of a handler."""


def read_time(name: str, text: str | None) -> datetime | None:
    """Read an optional time parameter.

    Raises
    ------
    MeasurementError
        If it is no RFC 3339 time with a zone.
    """
    # A plus sign that nobody quoted arrives as a space.
    return None if text is None else parse_time(name, text.replace(" ", "+"))


def write_cursor(stamp_us: int, identity: str | int) -> str:
    """Write an opaque cursor."""
    return base64.urlsafe_b64encode(orjson.dumps([stamp_us, identity])).decode()


def read_cursor(text: str | None, kind: type[Identity]) -> tuple[int, Identity] | None:
    """Read a cursor that :func:`write_cursor` wrote.

    Raises
    ------
    InvalidRequestError
        If it is none.
    """
    if text is None:
        return None
    try:
        stamp_us, identity = orjson.loads(base64.urlsafe_b64decode(text))
    except (ValueError, TypeError, binascii.Error):
        stamp_us, identity = None, None
    numbers = [part for part in (stamp_us, identity) if isinstance(part, int)]
    if (
        not isinstance(stamp_us, int)
        or not isinstance(identity, kind)
        or any(abs(number) >= 2**63 for number in numbers)
    ):
        raise InvalidRequestError("cursor: take next_cursor of the page before")
    return stamp_us, identity
