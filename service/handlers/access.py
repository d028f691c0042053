"""Stands before every handler: turns away other sites' pages, counts the answers."""

from prometheus_client import Counter
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
        self._requests = metrics.requests
        self._counters: dict[tuple[str, int], Counter] = {}

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
                self._count(scope, message["status"])
            await send(message)

        await self._app(scope, receive, count)

    def _count(self, scope: Scope, status: int) -> None:
        # Plain routes leave their function in the scope, FastAPI's their path too.
        name = getattr(scope.get("endpoint"), "__name__", "none")
        key = (getattr(scope.get("route"), "path", name), status)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._requests.labels(*key)
        counter.inc()


def _is_foreign(scope: Scope) -> bool:
    return any(
        name == b"sec-fetch-site" and value not in (b"same-origin", b"none")
        for name, value in scope["headers"]
    )
