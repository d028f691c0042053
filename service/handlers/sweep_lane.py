"""Takes posted sweeps past the router, whose layers cost as much as a small body."""

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from instruments.measurement import MeasurementError
from instruments.measurement.message import MSGPACK_MEDIA_TYPE
from service.access.origins import header
from service.access.principal import principal_of
from service.errors import ServiceError
from service.handlers.answers import answer_expected, answer_surprise
from service.handlers.sweep_posts import post_msgpack, post_sweeps


async def sweep_lane(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer posted sweeps, and what goes wrong with them.

    The guard has looked at the announced length. What is no plain msgpack goes to the
    same handler as stands in the application as a route.
    """
    scope["endpoint"] = post_sweeps
    try:
        if scope["query_string"] or not _is_msgpack(scope):
            response = await post_sweeps(Request(scope, receive, send))
            await response(scope, receive, send)
        else:
            await _answer_msgpack(scope, receive, send)
    except (ServiceError, MeasurementError, ClientDisconnect) as error:
        response = await answer_expected(Request(scope), error)
        await response(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - nobody else would answer
        response = await answer_surprise(Request(scope), error)
        await response(scope, receive, send)


def _is_msgpack(scope: Scope) -> bool:
    return header(scope["headers"], b"content-type") == MSGPACK_MEDIA_TYPE


async def _answer_msgpack(scope: Scope, receive: Receive, send: Send) -> None:
    # Objects for request and answer would cost as much as the hash of the samples.
    document = await post_msgpack(scope["app"], principal_of(scope), receive)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(document)),
    ]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": document})
