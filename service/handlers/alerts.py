"""``/alerts``: the list, and the acknowledgement."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from instruments.measurement.times import format_time
from service.access.principal import person_of
from service.errors import NotFoundError
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import Context
from service.handlers.schemas import AcknowledgeBody
from service.operations.presenting import ACTIVE_STATES, ALL_STATES, alert_json
from service.operations.transitions import acknowledge
from service.storage.alerts import get_alert, list_alerts

router = APIRouter()


@router.get("/alerts")
def get_alerts(
    context: Context,
    state: Literal["active", "all"] = "active",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List alerts with their transitions and deliveries, newest first."""
    states = ACTIVE_STATES if state == "active" else ALL_STATES
    with context.database.read() as transaction:
        found = list_alerts(transaction, states, limit)
    now = context.clock.now()
    return StrictJsonResponse(
        {
            "server_time": format_time(now),
            "alerts": [alert_json(alert, now) for alert in found],
        }
    )


@router.get("/alerts/{alert_id}")
def get_one_alert(context: Context, alert_id: str) -> Response:
    """Return one alert with its transitions and deliveries."""
    with context.database.read() as transaction:
        found = get_alert(transaction, alert_id)
    if found is None:
        raise NotFoundError(f"no alert {alert_id!r}; GET /api/v1/alerts lists them")
    return StrictJsonResponse(alert_json(found, context.clock.now()))


@router.post("/alerts/{alert_id}/acknowledge")
def post_acknowledge(
    context: Context, request: Request, alert_id: str, body: AcknowledgeBody
) -> Response:
    """Acknowledge an alert for a while; it speaks again when the time is over."""
    now = context.clock.now()
    with context.database.write() as transaction:
        alert = acknowledge(
            transaction,
            alert_id,
            # Who has logged in cannot sign as another.
            by=person_of(request.scope) or body.by,
            note=body.note,
            duration=timedelta(seconds=body.duration_s),
            now=now,
            channels=context.config.channels,
        )
    return StrictJsonResponse(alert_json(alert, now))
