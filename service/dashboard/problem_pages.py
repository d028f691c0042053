"""What a person sees where a program gets a problem document: a page that leads on."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Scope, Send

from instruments.measurement.times import format_time
from service.access.permissions import Permission
from service.access.principal import ANONYMOUS
from service.access.routes import find_rule, path_of
from service.context import ServiceContext
from service.dashboard.outage import show_outage
from service.dashboard.problem_wording import words_of
from service.dashboard.rendering import render
from service.dashboard.source import wall_source
from service.errors import (
    NotFoundError,
    ServiceError,
    StorageUnavailableError,
)

_PROBLEM = b"application/problem+json"
_KEPT = {b"allow", b"connection", b"retry-after", b"www-authenticate"}
"""Headers of a problem document that its page says too."""

_SHOWN_CHARACTERS = 200


def asks_for_page(scope: Scope) -> bool:
    """Return whether a person's browser asks for one of the pages."""
    rule, _ = find_rule(scope["method"], path_of(scope))
    return rule.is_page and "text/html" in _accepted(scope)


def _accepted(scope: Scope) -> list[str]:
    named = [value for name, value in scope["headers"] if name == b"accept"]
    ranges = b",".join(named).decode("latin-1").lower().split(",")
    return [one.partition(";")[0].strip() for one in ranges]


class PageForProblem:
    """A ``send`` that puts a page in the place of a problem document.

    It stands outside of every layer, so that whatever refuses a page, the guard, a
    limit, the router or a fault of ours, is told in the same manner.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Send a message on, or keep it until the problem is whole."""
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._show(self._start)

    async def _show(self, start: Message) -> None:
        request = Request(self._scope)
        problem = orjson.loads(self._body)
        page = await run_in_threadpool(_page, request, problem, _retry_s(start))
        ours = {name for name, _ in page.raw_headers}
        kept = [
            pair
            for pair in start["headers"]
            if pair[0] in _KEPT
            or not (pair[0] in ours or pair[0].startswith(b"content-"))
        ]
        headers = [*page.raw_headers, *kept]
        await self._send({**start, "status": page.status_code, "headers": headers})
        await self._send({"type": "http.response.body", "body": page.body})


def _is_problem(message: Message) -> bool:
    return (b"content-type", _PROBLEM) in message.get("headers", ())


def _retry_s(start: Message) -> int | None:
    found = [value for name, value in start["headers"] if name == b"retry-after"]
    return int(found[0]) if found else None


def _page(
    request: Request, problem: Mapping[str, Any], retry_s: int | None
) -> Response:
    context: ServiceContext = request.app.state.context
    try:
        # What failed may be what reads them.
        alerts = () if problem["status"] == ServiceError.status else _alerts(request)
    except StorageUnavailableError as error:
        # Where the database is away, that is the news, whatever was asked for.
        return show_outage(request, context, str(error))
    if problem["code"] == StorageUnavailableError.code:
        return show_outage(request, context, problem["detail"])
    shown = {
        "status_code": problem["status"],
        "server_time": format_time(context.clock.now()),
        "active_alerts": alerts,
    }
    if problem["status"] == NotFoundError.status:
        path = request.url.path[:_SHOWN_CHARACTERS]
        return render(request, "nowhere.html", page="nowhere", path=path, **shown)
    return render(
        request,
        "problem.html",
        page="problem",
        words=words_of(problem["code"], problem["status"]),
        detail=problem["detail"],
        retry_s=retry_s,
        **shown,
    )


def _alerts(request: Request) -> Sequence[Mapping[str, Any]]:
    """List the active alerts for whoever may see them."""
    principal = request.scope.get("state", {}).get("principal", ANONYMOUS)
    if Permission.READ not in principal.permissions or principal.cavities is not None:
        return ()
    alerts = wall_source(request).alerts("active")["alerts"]
    return [alert for alert in alerts if alert["state"].startswith("active")]
