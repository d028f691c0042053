"""``GET /export``: stored sweeps, diagnoses and readings as files, part by part."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import IO, Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from instruments.measurement import SweepPurpose
from service.access.principal import principal_of
from service.errors import InvalidRequestError, TooManyRequestsError, UnavailableError
from service.handlers.dependencies import Context, read_time
from service.handlers.documents import GET_EXPORT
from service.operations.exporting.formats import FORMATS
from service.operations.exporting.packing import PackedPart, pack_part
from service.operations.exporting.parts import PartSource, StoredSweeps
from service.operations.exporting.tables import (
    ROW_BYTES,
    StoredRows,
    Subject,
    check_subject,
)
from service.operations.labelling import read_wanted
from service.storage.export_queries import ExportFilter

router = APIRouter()

MAX_PART_BYTES = 16 * 1024 * 1024
"""Most samples of one part."""

PARTS_AT_ONCE = 4
"""Most parts that are written or sent at once; each is held on disk."""

PARTS_OF_ONE_CALLER = 2

SENDING_S = 300.0
"""Longest that a caller may take to fetch one part, in seconds."""

_CHUNK_BYTES = 256 * 1024

_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "hdf5": "application/x-hdf5",
    "npz": "application/zip",
    "touchstone": "application/zip",
}

_log = structlog.get_logger(__name__)

Format = StrEnum("Format", {name.upper(): name for name in FORMATS})  # type: ignore[misc]


class ExportSlots:
    """Counts the parts under way; a slot is taken in the event loop alone."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    def take(self, identity: str) -> Callable[[], None]:
        """Take a slot; returns what gives it back.

        Raises
        ------
        TooManyRequestsError
            If the caller holds as many as one may.
        UnavailableError
            If all are taken.
        """
        if self._held[identity] >= PARTS_OF_ONE_CALLER:
            raise TooManyRequestsError(
                f"{PARTS_OF_ONE_CALLER} parts are under way to you; fetch them first",
                retry_after_s=2,
            )
        if self._held.total() >= PARTS_AT_ONCE:
            raise UnavailableError(
                f"{PARTS_AT_ONCE} exports are under way; try again", retry_after_s=5
            )
        self._held[identity] += 1

        def give_back() -> None:
            self._held[identity] -= 1
            self._held += Counter()  # forgets who holds none

        return give_back


@router.get("/export", openapi_extra=GET_EXPORT, response_class=Response)
async def get_export(
    context: Context,
    request: Request,
    *,
    format_: Annotated[Format, Query(alias="format")],
    what: Subject = Subject.SWEEPS,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    cavity: str | None = None,
    purpose: SweepPurpose | None = None,
    condition: str | None = None,
    run: str | None = None,
    label: Annotated[list[str] | None, Query(max_length=16)] = None,
    after: Annotated[str, Query(pattern="^[0-9A-Za-z_-]{0,64}$")] = "",
    part_bytes: Annotated[int, Query(ge=1, le=MAX_PART_BYTES)] = MAX_PART_BYTES,
) -> Response:
    """Send the next part of an export; its headers tell where to go on."""
    wanted = ExportFilter(
        measured_from=read_time("from", from_),
        measured_to=read_time("to", to),
        cavity=cavity,
        purpose=purpose,
        condition=condition,
        run=run,
        labels=read_wanted(label or ()),
    )
    form = FORMATS[format_.value]
    check_subject(what, wanted, form.name)
    source: PartSource
    if what is Subject.SWEEPS:
        source = StoredSweeps(
            database=context.database,
            wanted=wanted,
            form=form,
            part_bytes=max(1, part_bytes // form.growth_factor),
        )
    else:
        _check_row_number(after)
        source = StoredRows(
            database=context.database,
            subject=what,
            wanted=wanted,
            form=form.name,
            row_count=max(1, part_bytes // ROW_BYTES),
        )
    is_zipped = what is Subject.SWEEPS and form.has_many_files
    slots: ExportSlots = request.app.state.export_slots
    give_back = slots.take(principal_of(request.scope).identity)
    try:
        packed = await asyncio.to_thread(
            pack_part, source, after, what.value, has_many_files=is_zipped
        )
    except BaseException:
        give_back()
        raise
    if packed is None:
        give_back()
        return Response(status_code=204, headers=_position(after, 0, is_last=True))
    return PartResponse(request, packed, _media_type(format_, is_zipped), give_back)


class PartResponse(StreamingResponse):
    """Sends a part within its time, then closes its file and gives its slot back."""

    def __init__(
        self,
        request: Request,
        packed: PackedPart,
        media_type: str,
        give_back: Callable[[], None],
    ) -> None:
        part = packed.part
        headers = _position(part.last_id, part.count, is_last=part.is_last)
        headers["Content-Length"] = str(packed.size_bytes)
        headers["Content-Disposition"] = f'attachment; filename="{packed.name}"'
        if not part.is_last:
            headers["Link"] = f'<{_next(request, part.last_id)}>; rel="next"'
        super().__init__(
            _chunks(packed.content), media_type=media_type, headers=headers
        )
        self._content = packed.content
        self._give_back = give_back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the part."""
        try:
            async with asyncio.timeout(SENDING_S):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            # The connection ends in the middle of the part, which its length tells.
            _log.warning("export_too_slow", path=scope["path"])
        finally:
            self._content.close()
            self._give_back()


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK_BYTES):
        yield chunk


def _position(last_id: str, count: int, *, is_last: bool) -> dict[str, str]:
    return {
        "X-Halowatch-Count": str(count),
        "X-Halowatch-After": last_id,
        "X-Halowatch-Complete": "true" if is_last else "false",
    }


def _next(request: Request, last_id: str) -> str:
    kept = [pair for pair in request.query_params.multi_items() if pair[0] != "after"]
    return f"{request.url.path}?{urlencode([*kept, ('after', last_id)])}"


def _media_type(format_: Format, is_zipped: bool) -> str:
    if format_.value == "npz" and not is_zipped:
        return "application/octet-stream"
    return _MEDIA_TYPES[format_.value]


def _check_row_number(after: str) -> None:
    if after and not (after.isdecimal() and len(after) <= 18):
        raise InvalidRequestError(
            "after: take X-Halowatch-After of the part before", {"field": "after"}
        )
