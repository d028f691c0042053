"""``GET /audit``: who did what."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from instruments.measurement.times import format_time
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import Context, read_cursor, write_cursor
from service.operations.auditing import audit_json
from service.storage.audit import list_actions

router = APIRouter()


@router.get("/audit")
def get_audit(
    context: Context,
    *,
    actor: str | None = None,
    action: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List the actions of operators, experts and administrators, newest first."""
    before = read_cursor(cursor, int)
    with context.database.read() as transaction:
        found = list_actions(
            transaction,
            limit=limit + 1,
            actor=actor,
            action=action,
            before=None if before is None else before[1],
        )
    page, more = found[:limit], len(found) > limit
    return StrictJsonResponse(
        {
            "server_time": format_time(context.clock.now()),
            "actions": [audit_json(record) for record in page],
            "next_cursor": write_cursor(0, page[-1].number) if more else None,
        }
    )
