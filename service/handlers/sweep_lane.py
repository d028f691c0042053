"""Takes posted sweeps past the router, whose layers cost as much as a small body."""

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from instruments.measurement import MeasurementError
from service.errors import ServiceError
from service.handlers.access import path_of
from service.handlers.answers import answer_expected
from service.handlers.sweep_posts import post_sweeps


class SweepLane:
    """Calls the handler of posted sweeps itself, and the application for all else.

    The same function stands in the application as a route, for the OpenAPI document.

    Parameters
    ----------
    path
        Where sweeps are posted.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or path_of(scope) != self._path
        ):
            await self._app(scope, receive, send)
            return
        scope["endpoint"] = post_sweeps
        request = Request(scope, receive, send)
        try:
            response = await post_sweeps(request)
        except (ServiceError, MeasurementError, ClientDisconnect) as error:
            response = await answer_expected(request, error)
        await response(scope, receive, send)
