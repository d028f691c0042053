"""``POST /diagnose`` judges without storing; ``GET /diagnoses`` lists."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import Headers

from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.bodies import unpack_body, unpack_json_body
from instruments.measurement.limits import MAX_BODY_BYTES
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, decode_sweep
from instruments.measurement.times import format_time
from service.access.principal import principal_of
from service.context import ServiceContext
from service.errors import InvalidRequestError, UnsupportedMediaTypeError
from service.handlers.answers import StrictJsonResponse
from service.handlers.bodies import BodyGate
from service.handlers.boundaries import check_cavities
from service.handlers.dependencies import (
    Context,
    read_cursor,
    read_time,
    write_cursor,
)
from service.handlers.documents import POST_DIAGNOSE
from service.handlers.sweep_posts import read_form
from service.operations.diagnosing import judge_unstored
from service.operations.preparing import sweeps_of_file
from service.operations.presenting import diagnosis_json
from service.storage.diagnoses import DiagnosisFilter, list_diagnoses
from service.storage.times import to_us

router = APIRouter()

MAX_JUDGED = 256
"""Most sweeps that one ``POST /diagnose`` judges."""


@router.post("/diagnose", openapi_extra=POST_DIAGNOSE)
async def post_diagnose(request: Request) -> Response:
    """Judge sweeps against the stored references, and store nothing."""
    context: ServiceContext = request.app.state.context
    gate: BodyGate = request.app.state.body_gate
    with gate.hold(principal_of(request.scope).identity) as held:
        body = await held.read(request, MAX_BODY_BYTES)
        sweeps = await _read_sweeps(request.headers, body)
        check_cavities(principal_of(request.scope), (sweep.cavity for sweep in sweeps))
        document = await asyncio.to_thread(_judge, context, sweeps)
    return StrictJsonResponse(document)


@router.get("/diagnoses")
def get_diagnoses(
    context: Context,
    *,
    cavity: str | None = None,
    purpose: SweepPurpose | None = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    model: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List diagnoses, newest measurement first."""
    wanted = DiagnosisFilter(
        cavity=cavity,
        purpose=purpose,
        measured_from=read_time("from", from_),
        measured_to=read_time("to", to),
        model_version=model,
        before=read_cursor(cursor, int),
    )
    with context.database.read() as transaction:
        found = list_diagnoses(transaction, wanted, limit + 1)
    page, more = found[:limit], len(found) > limit
    last = page[-1] if page else None
    return StrictJsonResponse(
        {
            "server_time": format_time(context.clock.now()),
            "diagnoses": [diagnosis_json(item.diagnosis) for item in page],
            "next_cursor": write_cursor(to_us(last.diagnosis.measured_at), last.number)
            if more and last
            else None,
        }
    )


async def _read_sweeps(headers: Headers, body: bytes) -> list[Sweep]:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        content, name, form = await read_form(headers, body)
        return await asyncio.to_thread(sweeps_of_file, content, name, form, MAX_JUDGED)
    unpack = {MSGPACK_MEDIA_TYPE: unpack_body, "application/json": unpack_json_body}
    if media_type not in unpack:
        raise UnsupportedMediaTypeError(
            f"Content-Type {media_type!r} is not read; send one of "
            f"{', '.join(unpack)}, multipart/form-data"
        )

    def decode() -> list[Sweep]:
        messages = unpack[media_type](body)
        if len(messages) > MAX_JUDGED:
            raise InvalidRequestError(
                f"body: holds {len(messages)} sweeps, at most {MAX_JUDGED} are judged"
            )
        return [decode_sweep(message) for message in messages]

    return await asyncio.to_thread(decode)


def _judge(context: ServiceContext, sweeps: list[Sweep]) -> dict[str, Any]:
    panel = context.panel.current()
    diagnoses = [
        judge_unstored(context.database, panel, context.references, sweep)
        for sweep in sweeps
    ]
    return {
        "model": diagnoses[0].model_version,
        "diagnoses": [diagnosis.to_record() for diagnosis in diagnoses],
    }
