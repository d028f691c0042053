"""What a page shows while the database is away: that it is, and since when."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from instruments.measurement.times import format_time
from service.context import ServiceContext
from service.dashboard.rendering import render
from service.errors import UnavailableError

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
            except UnavailableError as error:
                assert isinstance(context, ServiceContext)
                return outage_page(request, context, error)
            if isinstance(context, ServiceContext):
                request.app.state.read_at = context.clock.now()
            return response

        return answer


def outage_page(
    request: Request, context: ServiceContext, error: UnavailableError
) -> Response:
    """Show that the database is away, and since when."""
    context.metrics.refused.labels(error.code).inc()
    read_at: datetime | None = getattr(request.app.state, "read_at", None)
    response = render(
        request,
        "outage.html",
        status_code=error.status,
        page="outage",
        server_time=format_time(context.clock.now()),
        read_at=None if read_at is None else format_time(read_at),
        reason=str(error),
        active_alerts=(),
    )
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response
