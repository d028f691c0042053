"""``POST /sweeps``: takes sweeps in three forms, answers once they are durable."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Receive

from instruments.measurement import MeasurementError
from instruments.measurement.limits import MAX_BODY_BYTES
from instruments.measurement.long_bodies import Body
from instruments.measurement.message import MSGPACK_MEDIA_TYPE
from service.access.principal import Principal, principal_of
from service.context import ServiceContext
from service.errors import InvalidRequestError, UnsupportedMediaTypeError
from service.handlers.answers import StrictJsonResponse
from service.handlers.bodies import BodyGate, replay
from service.handlers.boundaries import hold_to_cavities
from service.handlers.documents import POST_SWEEPS
from service.handlers.parameters import check_parameters
from service.operations.ingest import ItemResult, reject_if_nothing_was_stored
from service.operations.preparing import Prepared
from service.operations.presenting import diagnosis_json
from service.storage.diagnoses import get_diagnosis

router = APIRouter()

_INLINE_BYTES = 512 * 1024
"""Bodies up to here are decoded in the event loop: a thread would cost more."""

_CALM_INLINE_BYTES = 64 * 1024
"""The same where there is time to compress them well."""

_WAIT_STEP_S = 0.02


@router.post("/sweeps", status_code=201, openapi_extra=POST_SWEEPS)
async def post_sweeps(request: Request) -> Response:
    """Store one or many sweeps; 201 once they are durable."""
    context: ServiceContext = request.app.state.context
    gate: BodyGate = request.app.state.body_gate
    wait = _read_wait(request)
    principal = principal_of(request.scope)
    with gate.hold(principal.identity) as held:
        media_type, _, _ = request.headers.get("content-type", "").partition(";")
        media_type = media_type.strip().lower()
        _check_media_type(media_type)
        body = await held.read(request, MAX_BODY_BYTES)
        if media_type == MSGPACK_MEDIA_TYPE:
            prepared = await _prepare_msgpack(context, gate, body)
        else:
            prepared = await _prepare(context, request.headers, media_type, body)
        results = await _store(context, principal, prepared)
    records: list[dict[str, Any]] = [result.to_record() for result in results]
    if wait:
        await _add_diagnoses(context, results, records)
    return StrictJsonResponse({"results": records}, status_code=201)


async def post_msgpack(app: FastAPI, principal: Principal, receive: Receive) -> bytes:
    """Do the same for a plain body of the fast path, past all that it does not need.

    Returns
    -------
    bytes
        The document of the answer.
    """
    context: ServiceContext = app.state.context
    gate: BodyGate = app.state.body_gate
    with gate.hold(principal.identity) as held:
        body = await held.collect(receive, MAX_BODY_BYTES)
        prepared = await _prepare_msgpack(context, gate, body)
        # What was copied out of it is enough; others use its memory meanwhile.
        del body
        results = await _store(context, principal, prepared)
    return orjson.dumps({"results": [result.to_record() for result in results]})


async def _store(
    context: ServiceContext, principal: Principal, prepared: Sequence[Prepared]
) -> list[ItemResult]:
    results = await context.ingest.accept(hold_to_cavities(principal, prepared))
    reject_if_nothing_was_stored(results)
    return results


def _read_wait(request: Request) -> bool:
    if not request.scope["query_string"]:
        return False
    check_parameters(request, ("wait",))
    wait = request.query_params.get("wait")
    if wait not in (None, "diagnosis"):
        raise InvalidRequestError("wait: takes diagnosis, or leave it out")
    return wait is not None


def _check_media_type(media_type: str) -> None:
    known = (MSGPACK_MEDIA_TYPE, "application/json", "multipart/form-data")
    if media_type not in known:
        raise UnsupportedMediaTypeError(
            f"Content-Type {media_type!r} is not read; send one of {', '.join(known)}"
        )


async def _prepare_msgpack(
    context: ServiceContext, gate: BodyGate, body: Body
) -> list[Prepared]:
    is_hurried = gate.is_crowded
    if is_hurried and (sweep := await context.encoder.prepare(body)) is not None:
        return [sweep]
    prepare = partial(context.preparer.from_msgpack, body, is_hurried=is_hurried)
    if len(body) <= (_INLINE_BYTES if is_hurried else _CALM_INLINE_BYTES):
        return prepare()
    return await asyncio.to_thread(prepare)


async def _prepare(
    context: ServiceContext, headers: Headers, media_type: str, body: bytes
) -> list[Prepared]:
    preparer = context.preparer
    if media_type == "application/json":
        return await asyncio.to_thread(preparer.from_json, body)
    content, name, form = await read_form(headers, body)
    return await asyncio.to_thread(preparer.from_file, content, name, form)


async def read_form(headers: Headers, body: bytes) -> tuple[bytes, str, dict[str, str]]:
    """Read a multipart body.

    Returns
    -------
    tuple
        Content and name of the field ``file``, and the other fields.

    Raises
    ------
    MeasurementError
        If the body is no form, or has no file.
    """
    parser = MultiPartParser(headers, replay(body), max_files=1, max_fields=32)
    try:
        fields = await parser.parse()
        upload = fields.get("file")
        if not isinstance(upload, UploadFile) or not upload.filename:
            raise MeasurementError(
                "file", "is missing; send it as a file with its name"
            )
        form = {
            name: value
            for name, value in fields.multi_items()
            if name != "file" and isinstance(value, str)
        }
        return await upload.read(), upload.filename, form
    except (MultiPartException, KeyError, UnicodeDecodeError) as error:
        raise MeasurementError("body", f"is no multipart form ({error})") from None
    finally:
        # Those of a form that ends in the middle are among none of its fields.
        for file in parser._files_to_close_on_error:  # noqa: SLF001
            file.close()


async def _add_diagnoses(
    context: ServiceContext,
    results: Sequence[ItemResult],
    records: Sequence[dict[str, Any]],
) -> None:
    """Wait for the diagnoses, at most so long; what is not there is null.

    Nor longer than the service runs: it is stored, and its sender may know.
    """
    deadline_s = context.clock.monotonic_s() + context.config.wait_s
    for record in records:
        record["diagnosis"] = None
    missing = {
        result.sweep_id: record
        for result, record in zip(results, records, strict=True)
        if result.sweep_id is not None
    }
    while missing:
        found = await asyncio.to_thread(_find_diagnoses, context, list(missing))
        for sweep_id, diagnosis in found.items():
            missing.pop(sweep_id)["diagnosis"] = diagnosis
        is_over = context.clock.monotonic_s() >= deadline_s
        if not missing or is_over or context.broadcaster.is_closed:
            return
        await asyncio.sleep(_WAIT_STEP_S)


def _find_diagnoses(
    context: ServiceContext, sweep_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    with context.database.read() as transaction:
        found = {
            sweep_id: get_diagnosis(transaction, sweep_id) for sweep_id in sweep_ids
        }
    return {
        sweep_id: diagnosis_json(diagnosis)
        for sweep_id, diagnosis in found.items()
        if diagnosis is not None
    }
