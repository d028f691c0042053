"""``/references`` and the two calls below a sweep that change them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from instruments.measurement.limits import MAX_TEXT_LENGTH
from instruments.measurement.times import format_time
from service.access.principal import person_of
from service.errors import NotFoundError, ReferenceRefusedError
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import Context
from service.operations.referencing import (
    reference_json,
    register_reference,
    withdraw_reference,
)
from service.storage.references import (
    ReferenceSource,
    ReferenceState,
    list_references,
)
from service.storage.sweep_queries import get_sweep, load_sweep

router = APIRouter()


class WithdrawalBody(BaseModel):
    """Who takes a reference back, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: str = Field(min_length=1, max_length=MAX_TEXT_LENGTH)
    note: str = Field("", max_length=1000)


class ReferenceBody(WithdrawalBody):
    """Who calls a sweep a reference, and why."""

    force: bool = False


@router.get("/references")
def get_references(
    context: Context,
    cavity: str | None = None,
    state: ReferenceState | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List references with their checks and changes, newest measurement first."""
    now = context.clock.now()
    with context.database.read() as transaction:
        found = list_references(transaction, cavity=cavity, state=state, limit=limit)
    return StrictJsonResponse(
        {
            "server_time": format_time(now),
            "references": [reference_json(record, now) for record in found],
        }
    )


@router.post("/sweeps/{sweep_id}/reference")
def post_reference(
    context: Context, request: Request, sweep_id: str, body: ReferenceBody
) -> Response:
    """Call a sweep a reference; refused where a check speaks against it."""
    now = context.clock.now()
    judge = context.panel.current()
    with context.database.read() as transaction:
        sweep = get_sweep(transaction, sweep_id)
        if sweep is None:
            raise NotFoundError(
                f"no sweep {sweep_id[:64]!r}; GET /api/v1/sweeps lists them"
            )
        samples = load_sweep(transaction, sweep)
        reference_id, reference = context.references.find(transaction, sweep)
    diagnosis = judge.live_for(sweep.cavity).diagnose(samples, reference, reference_id)
    with context.database.write() as transaction:
        record = register_reference(
            transaction,
            sweep,
            diagnosis,
            source=ReferenceSource.OPERATOR,
            by=person_of(request.scope) or body.by,
            now=now,
            note=body.note,
            force=body.force,
        )
    document = reference_json(record, now)
    if record.state is ReferenceState.REFUSED:
        raise ReferenceRefusedError(
            f"the sweep is no reference: {record.reason}",
            {"checks": document["checks"]},
        )
    return StrictJsonResponse(document)


@router.post("/sweeps/{sweep_id}/reference/withdraw")
def post_withdrawal(
    context: Context, request: Request, sweep_id: str, body: WithdrawalBody
) -> Response:
    """Take a reference back."""
    now = context.clock.now()
    by = person_of(request.scope) or body.by
    with context.database.write() as transaction:
        record = withdraw_reference(
            transaction, sweep_id, by=by, note=body.note, now=now
        )
    return StrictJsonResponse(reference_json(record, now))
