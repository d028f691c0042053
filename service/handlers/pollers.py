"""``PUT /pollers/{name}``, ``GET /pollers`` and ``DELETE /pollers/{name}``."""

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from instruments.measurement import MeasurementError
from instruments.measurement.poller_status_message import decode_poller_status
from instruments.measurement.times import format_time
from service.access.principal import principal_of
from service.context import ServiceContext
from service.errors import InvalidRequestError, NotFoundError
from service.handlers.answers import StrictJsonResponse
from service.handlers.bodies import SMALL_BODY_BYTES, BodyGate
from service.handlers.dependencies import Context
from service.handlers.documents import PUT_POLLER
from service.operations.polling import poller_json
from service.storage.pollers import forget_poller, list_pollers, put_poller

router = APIRouter()


@router.put("/pollers/{name}", openapi_extra=PUT_POLLER)
async def put_status(request: Request, name: str) -> Response:
    """Keep how a poller fares, in place of what it told last."""
    context: ServiceContext = request.app.state.context
    gate: BodyGate = request.app.state.body_gate
    with gate.hold(principal_of(request.scope).identity) as held:
        body = await held.read(request, SMALL_BODY_BYTES)
        document = await asyncio.to_thread(_store, context, name, body)
    return StrictJsonResponse(document)


@router.get("/pollers")
def get_pollers(context: Context) -> Response:
    """List what every poller told last, with its age."""
    now = context.clock.now()
    with context.database.read() as transaction:
        found = list_pollers(transaction)
    return StrictJsonResponse(
        {
            "server_time": format_time(now),
            "pollers": [poller_json(poller, now) for poller in found],
        }
    )


@router.delete("/pollers/{name}", status_code=204)
def delete_poller(context: Context, name: str) -> Response:
    """Forget a poller that is no more."""
    with context.database.write() as transaction:
        if not forget_poller(transaction, name):
            raise NotFoundError(f"no poller {name!r}; GET /api/v1/pollers lists them")
    return Response(status_code=204)


def _store(context: ServiceContext, name: str, body: bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MeasurementError("body", f"is not JSON ({error})") from None
    status = decode_poller_status(message)
    if status.poller != name:
        raise InvalidRequestError(
            f"poller: the body tells of {status.poller!r}, the path of {name[:64]!r}"
        )
    now = context.clock.now()
    with context.database.write() as transaction:
        put_poller(transaction, status, now)
    return {"poller": name, "received_at": format_time(now)}
