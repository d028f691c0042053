"""Bodies of several messages, split within limits and not yet checked."""

import json
from typing import Any

import msgpack

from instruments.measurement.errors import MeasurementError
from instruments.measurement.limits import MAX_BODY_BYTES, MAX_SWEEPS_PER_BODY
from instruments.measurement.long_bodies import LONG_BYTES, UNPACKING, Body, unpack_long


def unpack_body(body: Body) -> list[Any]:
    """Split a msgpack body into its messages, not yet checked.

    Long binary values of a long body may be views of it.

    Raises
    ------
    MeasurementError
        If the body is not msgpack, is too large or holds too many messages.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MeasurementError(
            "body", f"has {len(body)} bytes, at most {MAX_BODY_BYTES} are taken"
        )
    if len(body) >= LONG_BYTES and (message := unpack_long(body)) is not None:
        return [message]
    try:
        payload = msgpack.unpackb(body, **UNPACKING)
    except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
        raise MeasurementError("body", f"is not a msgpack message ({error})") from None
    return _messages(payload)


def unpack_json_body(body: bytes) -> list[Any]:
    """Split a JSON body into its messages, not yet checked.

    Raises
    ------
    MeasurementError
        If the body is not JSON, holds NaN or holds too many messages.
    """
    try:
        payload = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MeasurementError("body", f"is not JSON ({error})") from None
    return _messages(payload)


def _messages(payload: Any) -> list[Any]:
    messages = payload if isinstance(payload, list) else [payload]
    if not messages:
        raise MeasurementError("body", "holds no sweep")
    if len(messages) > MAX_SWEEPS_PER_BODY:
        raise MeasurementError(
            "body", f"holds {len(messages)} sweeps, at most {MAX_SWEEPS_PER_BODY}"
        )
    return messages


def _refuse_constant(name: str) -> float:
    raise ValueError(
        f"{name} is no number; leave an optional "
        "value out; samples and frequencies must be finite"
    )
