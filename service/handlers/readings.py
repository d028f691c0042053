"""``POST /readings`` and ``GET /readings``."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from instruments.measurement import Reading
from instruments.measurement.reading_message import decode_reading
from instruments.measurement.times import format_time
from service.access.principal import Principal, principal_of
from service.context import ServiceContext
from service.errors import InvalidRequestError
from service.handlers.answers import StrictJsonResponse
from service.handlers.bodies import BodyGate
from service.handlers.boundaries import check_cavities
from service.handlers.dependencies import Context, read_time
from service.handlers.schemas import ReadingsBody
from service.operations.presenting import reading_json
from service.storage.readings import insert_readings, list_readings

router = APIRouter()

_LONGEST_BODY_BYTES = 8 * 1024 * 1024

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["readings"],
                    "properties": {
                        "readings": {
                            "type": "array",
                            "maxItems": 10_000,
                            "items": {
                                "type": "object",
                                "required": ["name", "value", "measured_at"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "value": {"type": "number"},
                                    "measured_at": {
                                        "type": "string",
                                        "format": "date-time",
                                    },
                                    "cavity": {"type": "string"},
                                    "source": {"type": "string"},
                                },
                            },
                        }
                    },
                }
            }
        },
    }
}


@router.post("/readings", status_code=201, openapi_extra=_BODY)
async def post_readings(request: Request) -> Response:
    """Store readings, each once; 201 once they are durable."""
    context: ServiceContext = request.app.state.context
    gate: BodyGate = request.app.state.body_gate
    with gate.hold(principal_of(request.scope).identity) as held:
        body = await held.read(request, _LONGEST_BODY_BYTES)
        document = await asyncio.to_thread(
            _store, context, principal_of(request.scope), body
        )
    return StrictJsonResponse(document, status_code=201)


@router.get("/readings")
def get_readings(
    context: Context,
    *,
    name: str | None = None,
    cavity: str | None = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """List readings, newest first."""
    with context.database.read() as transaction:
        found = list_readings(
            transaction,
            name=name,
            cavity=cavity,
            measured_from=read_time("from", from_),
            measured_to=read_time("to", to),
            limit=limit,
        )
    now = context.clock.now()
    return StrictJsonResponse(
        {
            "server_time": format_time(now),
            "readings": [reading_json(reading, now) for reading in found],
        }
    )


def _store(
    context: ServiceContext, principal: Principal, body: bytes
) -> dict[str, Any]:
    try:
        parsed = ReadingsBody.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidRequestError(f"{field}: {first['msg']}") from None
    readings: list[Reading] = [decode_reading(item) for item in parsed.readings]
    check_cavities(principal, (reading.cavity for reading in readings))
    with context.database.write() as transaction:
        inserted = insert_readings(transaction, readings)
    return {"accepted": inserted, "duplicates": len(readings) - inserted}
