"""``GET /stream``: server-sent events with resume."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from instruments.measurement.times import format_time
from service.context import ServiceContext
from service.errors import InvalidRequestError, QueueFullError
from service.operations.broadcasting import health_event

router = APIRouter()

HEARTBEAT_S = 10.0
"""Longest silence on a stream, in seconds."""

MAX_LISTENERS = 256
"""Most streams at once."""


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def get_stream(
    request: Request, last_event_id: Annotated[str | None, Query()] = None
) -> StreamingResponse:
    """Stream sweeps, diagnoses and alerts; resumes from Last-Event-ID."""
    context: ServiceContext = request.app.state.context
    if context.broadcaster.listener_count >= MAX_LISTENERS:
        raise QueueFullError(f"{MAX_LISTENERS} streams are open already")
    after = _last_event_id(request.headers.get("last-event-id") or last_event_id)
    return StreamingResponse(
        _events(context, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(context: ServiceContext, after: int | None) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    yield health_event("ok", format_time(context.clock.now()))
    async for chunk in context.broadcaster.listen(after, HEARTBEAT_S):
        yield chunk
        if chunk.startswith(b": heartbeat"):
            yield health_event("ok", format_time(context.clock.now()))


def _last_event_id(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise InvalidRequestError("Last-Event-ID: must be the id of an event")
    return int(text)
