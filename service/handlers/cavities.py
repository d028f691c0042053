"""``/cavities``: registration, current state and trends."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from instruments.measurement.limits import IDENTIFIER
from instruments.measurement.times import format_time
from service.errors import InvalidRequestError, NotFoundError
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import Context, read_time
from service.handlers.schemas import CavityBody
from service.operations.cavity_state import describe_cavities, describe_cavity
from service.operations.trends import cavity_trends
from service.storage.cavities import get_cavity, put_cavity

router = APIRouter()


@router.get("/cavities")
def get_cavities(context: Context) -> Response:
    """Return the current state of every cavity."""
    now = context.clock.now()
    return StrictJsonResponse(
        {
            "server_time": format_time(now),
            "cavities": describe_cavities(context.database, now),
        }
    )


@router.get("/cavities/{cavity}")
def get_one_cavity(context: Context, cavity: str) -> Response:
    """Return the current state of one cavity."""
    document = describe_cavity(context.database, cavity, context.clock.now())
    if document is None:
        raise _unknown(cavity)
    return StrictJsonResponse(document)


@router.put("/cavities/{cavity}")
def put_one_cavity(
    context: Context, cavity: Annotated[str, Path()], body: CavityBody
) -> Response:
    """Register a cavity, or change the named settings of a registered one."""
    if not IDENTIFIER.fullmatch(cavity):
        raise InvalidRequestError(
            f"cavity: {cavity[:64]!r} must be 1 to 64 letters, digits, dots, dashes or "
            "underscores and start with a letter or digit"
        )
    changes = body.model_dump(exclude_unset=True)
    now = context.clock.now()
    with context.database.write() as transaction:
        put_cavity(transaction, cavity, changes, now)
    return StrictJsonResponse(describe_cavity(context.database, cavity, now))


@router.get("/cavities/{cavity}/trends")
def get_trends(
    context: Context,
    cavity: str,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    points: Annotated[int, Query(ge=16, le=10_000)] = 600,
) -> Response:
    """Return the trend of every estimate of a cavity."""
    with context.database.read() as transaction:
        if get_cavity(transaction, cavity) is None:
            raise _unknown(cavity)
    trends = cavity_trends(
        context.database,
        cavity,
        measured_from=read_time("from", from_),
        measured_to=read_time("to", to),
        points=points,
    )
    return StrictJsonResponse(
        {"server_time": format_time(context.clock.now()), **trends}
    )


def _unknown(cavity: str) -> NotFoundError:
    return NotFoundError(
        f"cavity {cavity[:64]!r} is not registered; "
        f"PUT /api/v1/cavities/{cavity[:64]} registers it"
    )
