"""What a page shows while the database is away: that it is, and since when."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from instruments.measurement.times import format_time
from service.context import ServiceContext
from service.dashboard.rendering import render
from service.errors import StorageUnavailableError

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """Answers a person with a page where a program would get a problem document."""

    def get_route_handler(self) -> _Handler:
        """Return the handler, with the page for an outage around it."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            context = getattr(request.app.state, "context", None)
            try:
                response = await handle(request)
            except StorageUnavailableError as error:
                assert isinstance(context, ServiceContext)
                return outage_page(request, context, error)
            if isinstance(context, ServiceContext):
                request.app.state.read_at = context.clock.now()
            return response

        return answer


def outage_page(
    request: Request, context: ServiceContext, error: StorageUnavailableError
) -> Response:
    """Count that the database is away, and show it with the age of what was known."""
    context.metrics.refused.labels(error.code).inc()
    return show_outage(request, context, str(error), retry_s=error.retry_after_s)


def show_outage(
    request: Request, context: ServiceContext, reason: str, *, retry_s: int = 1
) -> Response:
    """Show that the database is away, and since when."""
    read_at: datetime | None = getattr(request.app.state, "read_at", None)
    response = render(
        request,
        "outage.html",
        status_code=StorageUnavailableError.status,
        page="outage",
        server_time=format_time(context.clock.now()),
        read_at=None if read_at is None else format_time(read_at),
        reason=reason,
        active_alerts=(),
    )
    response.headers["Retry-After"] = str(retry_s)
    return response
