"""Stands before every handler: turns away other sites' pages, counts the answers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import CrossSiteError
from service.handlers.answers import problem_response
from service.metrics import ServiceMetrics

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class AccessGuard:
    """Refuses what a page of another site makes a browser send.

    An open service on a loopback port can be reached by every page that the same
    machine's browser shows. Browsers say so in ``Sec-Fetch-Site``; programs do not
    send that header.
    """

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] not in _SAFE and _is_foreign(scope):
            error = CrossSiteError("pages of other sites may not change anything here")
            await problem_response(error, scope["path"])(scope, receive, send)
            return

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.requests.labels(route, message["status"]).inc()
            await send(message)

        await self._app(scope, receive, count)


def _is_foreign(scope: Scope) -> bool:
    return any(
        name == b"sec-fetch-site" and value not in (b"same-origin", b"none")
        for name, value in scope["headers"]
    )
