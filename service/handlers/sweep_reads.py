"""``GET /sweeps`` and what hangs below one sweep."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from instruments.measurement import SweepPurpose, TruthFlag
from instruments.measurement.message import MSGPACK_MEDIA_TYPE
from instruments.measurement.times import format_time
from service.errors import NotFoundError
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import (
    Context,
    read_cursor,
    read_time,
    write_cursor,
)
from service.handlers.schemas import KeepBody
from service.operations.presenting import diagnosis_json, samples_json, sweep_json
from service.operations.traces import (
    complex_traces,
    decimated_traces,
    read_sweep,
    sweep_message,
    touchstone_file,
)
from service.storage.diagnoses import get_diagnosis
from service.storage.payloads import describe_payload
from service.storage.retention import set_keep
from service.storage.sweep_queries import SweepFilter, get_sweep, list_sweeps
from service.storage.times import to_us

router = APIRouter()


@router.get("/sweeps")
def get_sweeps(
    context: Context,
    *,
    cavity: str | None = None,
    purpose: SweepPurpose | None = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    is_reference: bool | None = None,
    flag: TruthFlag | None = None,
    run: str | None = None,
    keep: bool | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List sweeps without their samples, newest measurement first."""
    wanted = SweepFilter(
        cavity=cavity,
        purpose=purpose,
        measured_from=read_time("from", from_),
        measured_to=read_time("to", to),
        is_reference=is_reference,
        flag=flag,
        run=run,
        keep=keep,
        before=read_cursor(cursor, str),
    )
    with context.database.read() as transaction:
        found = list_sweeps(transaction, wanted, limit + 1)
    now = context.clock.now()
    page, more = found[:limit], len(found) > limit
    last = page[-1] if page else None
    return StrictJsonResponse(
        {
            "server_time": format_time(now),
            "sweeps": [sweep_json(sweep, now) for sweep in page],
            "next_cursor": write_cursor(to_us(last.measured_at), last.sweep_id)
            if more and last
            else None,
        }
    )


@router.get(
    "/sweeps/{sweep_id}.s2p",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def get_touchstone(context: Context, sweep_id: str) -> Response:
    """Write a sweep as a Touchstone file; the suffix follows its ports."""
    _, sweep = read_sweep(context.database, sweep_id)
    suffix, text = touchstone_file(sweep)
    return Response(
        text,
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{sweep_id}{suffix}"'},
    )


@router.get("/sweeps/{sweep_id}")
def get_one_sweep(context: Context, sweep_id: str) -> Response:
    """Describe one sweep without its samples."""
    with context.database.read() as transaction:
        record = get_sweep(transaction, sweep_id)
        samples = describe_payload(transaction, sweep_id)
    if record is None:
        raise _unknown(sweep_id)
    document = sweep_json(record, context.clock.now())
    return StrictJsonResponse(document | {"samples": samples_json(samples)})


@router.put("/sweeps/{sweep_id}/keep")
def put_keep(context: Context, sweep_id: str, body: KeepBody) -> Response:
    """Ask that retention spare the samples of a sweep, or no longer."""
    with context.database.write() as transaction:
        if not set_keep(transaction, sweep_id, keep=body.keep):
            raise _unknown(sweep_id)
        record = get_sweep(transaction, sweep_id)
    assert record is not None
    return StrictJsonResponse(sweep_json(record, context.clock.now()))


@router.get(
    "/sweeps/{sweep_id}/traces",
    responses={200: {"content": {MSGPACK_MEDIA_TYPE: {}}}},
)
def get_traces(
    context: Context,
    request: Request,
    sweep_id: str,
    points: Annotated[int, Query(ge=16, le=200_001)] = 1001,
    complex_: Annotated[bool, Query(alias="complex")] = False,
) -> Response:
    """Return traces: decimated, complex, or as the stored message by Accept."""
    _, sweep = read_sweep(context.database, sweep_id)
    if MSGPACK_MEDIA_TYPE in request.headers.get("accept", ""):
        return Response(sweep_message(sweep), media_type=MSGPACK_MEDIA_TYPE)
    document: dict[str, Any] = (
        complex_traces(sweep_id, sweep)
        if complex_
        else decimated_traces(sweep_id, sweep, points)
    )
    return StrictJsonResponse(document)


@router.get("/sweeps/{sweep_id}/diagnosis")
def get_sweep_diagnosis(
    context: Context, sweep_id: str, model: str | None = None
) -> Response:
    """Return what was concluded from a sweep, by one model version or the last."""
    with context.database.read() as transaction:
        if get_sweep(transaction, sweep_id) is None:
            raise _unknown(sweep_id)
        diagnosis = get_diagnosis(transaction, sweep_id, model)
    if diagnosis is None:
        raise NotFoundError(f"sweep {sweep_id!r} is not judged yet; ask again")
    return StrictJsonResponse(diagnosis_json(diagnosis))


def _unknown(sweep_id: str) -> NotFoundError:
    return NotFoundError(f"no sweep {sweep_id!r}; GET /api/v1/sweeps lists them")
