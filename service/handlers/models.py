"""``/models``: the register and its time axis."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from instruments.measurement.limits import MAX_TEXT_LENGTH
from instruments.measurement.times import format_time
from models.evaluation.gates import Gate
from service.access.principal import person_of
from service.context import ServiceContext
from service.errors import NotFoundError
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import Context, read_time
from service.operations.model_orders import Order
from service.operations.model_presenting import live_json, model_json
from service.operations.model_register import (
    promote,
    read_history,
    retire,
    roll_back,
)
from service.storage.cavities import list_cavities
from service.storage.model_records import ModelRecord, ModelState
from service.storage.models import get_model, list_models

router = APIRouter()


class OrderBody(BaseModel):
    """Who takes a model back or retires it, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: str = Field(min_length=1, max_length=MAX_TEXT_LENGTH)
    reason: str = Field("", max_length=1000)
    cavities: list[str] = Field(default_factory=list, max_length=1000)
    force: bool = False


class PromotionBody(OrderBody):
    """Who promotes a model, to what, and why."""

    to: Literal["live", "shadow"] = "live"


@router.get("/models")
def get_models(context: Context) -> Response:
    """List every model version with its state and every change of it."""
    with context.database.read() as transaction:
        history = read_history(transaction)
        records = list_models(transaction)
    return StrictJsonResponse(
        {
            "server_time": format_time(context.clock.now()),
            "models": [model_json(record, history) for record in records],
        }
    )


@router.get("/models/live")
def get_live_models(
    context: Context, at: Annotated[str | None, Query()] = None
) -> Response:
    """Tell who is live, or was at a time."""
    moment = read_time("at", at)
    with context.database.read() as transaction:
        history = read_history(transaction, moment)
        cavities = [record.cavity for record in list_cavities(transaction)]
    now = context.clock.now()
    return StrictJsonResponse(live_json(history, cavities, moment or now))


@router.get("/models/{version}")
def get_one_model(context: Context, version: str) -> Response:
    """Describe one model version with its whole report."""
    record = _need(context, version)
    with context.database.read() as transaction:
        history = read_history(transaction)
    return StrictJsonResponse(
        model_json(record, history)
        | {"manifest": dict(record.manifest), "report": dict(record.report)}
    )


@router.post("/models/{version}/promote")
def post_promote(
    context: Context, request: Request, version: str, body: PromotionBody
) -> Response:
    """Make a version live or a shadow, if it passes its gates or is forced."""
    record = _need(context, version)
    to = ModelState(body.to)
    gates: list[Gate] = []
    if to is ModelState.LIVE:
        from service.operations.rehearsing import gates_before_promotion

        gates = gates_before_promotion(
            context.database, version, body.cavities, context.config.home
        )
    with context.database.write() as transaction:
        promote(
            transaction,
            version,
            to=to,
            cavities=body.cavities,
            gates=gates,
            order=_order(context, request, body),
        )
    return _answer(context, record)


@router.post("/models/{version}/rollback")
def post_rollback(
    context: Context, request: Request, version: str, body: OrderBody
) -> Response:
    """Take a live version back; who was live before is live again."""
    return _change(context, request, version, body, roll_back)


@router.post("/models/{version}/retire")
def post_retire(
    context: Context, request: Request, version: str, body: OrderBody
) -> Response:
    """End what a version does."""
    return _change(context, request, version, body, retire)


def _change(
    context: ServiceContext,
    request: Request,
    version: str,
    body: OrderBody,
    change: Callable[..., object],
) -> Response:
    record = _need(context, version)
    order = _order(context, request, body)
    with context.database.write() as transaction:
        change(transaction, version, cavities=body.cavities, order=order)
    return _answer(context, record)


def _need(context: ServiceContext, version: str) -> ModelRecord:
    with context.database.read() as transaction:
        record = get_model(transaction, version)
    if record is None:
        raise NotFoundError(
            f"no model {version[:64]!r}; GET /api/v1/models lists those that are "
            "registered"
        )
    return record


def _order(context: ServiceContext, request: Request, body: OrderBody) -> Order:
    now = context.clock.now()
    # Who has logged in cannot sign as another.
    by = person_of(request.scope) or body.by
    return Order(by=by, reason=body.reason, force=body.force, now=now)


def _answer(context: ServiceContext, record: ModelRecord) -> Response:
    with context.database.read() as transaction:
        history = read_history(transaction)
        cavities = [one.cavity for one in list_cavities(transaction)]
    now = context.clock.now()
    return StrictJsonResponse(
        live_json(history, cavities, now) | {"model": model_json(record, history)}
    )
