"""What a person sees at an address where nothing is."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, cast

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from service.access.routes import API
from service.dashboard.outage import outage_page
from service.dashboard.rendering import render
from service.dashboard.source import wall_source
from service.errors import NotFoundError, UnavailableError

_Handler: TypeAlias = Callable[[Request, HTTPException], Coroutine[Any, Any, Response]]

_SHOWN_CHARACTERS = 200


def install_page_for_nowhere(app: FastAPI) -> None:
    """Answer a browser at an unknown address with a page, all others as before."""
    otherwise = cast("_Handler", app.exception_handlers[HTTPException])

    async def answer(request: Request, error: HTTPException) -> Response:
        if error.status_code != NotFoundError.status or not _asks_for_page(request):
            return await otherwise(request, error)
        try:
            return await run_in_threadpool(_page, request)
        except UnavailableError as unavailable:
            return outage_page(request, request.app.state.context, unavailable)

    app.add_exception_handler(HTTPException, answer)  # type: ignore[arg-type]  # narrower


def _asks_for_page(request: Request) -> bool:
    accepted = request.headers.get("accept", "").lower()
    ranges = [one.partition(";")[0].strip() for one in accepted.split(",")]
    root = request.scope.get("root_path", "")
    is_call = f"{request.url.path}/".startswith(f"{root.rstrip('/')}{API}/")
    # A folder of files is mounted, with a root of its own.
    is_file = request.scope.get("app_root_path", root) != root
    wants_page = request.method == "GET" and "text/html" in ranges
    return wants_page and not is_call and not is_file


def _page(request: Request) -> Response:
    source = wall_source(request)
    alerts = source.alerts("active")
    return render(
        request,
        "nowhere.html",
        status_code=NotFoundError.status,
        page="nowhere",
        server_time=alerts["server_time"],
        path=request.url.path[:_SHOWN_CHARACTERS],
        active_alerts=[a for a in alerts["alerts"] if a["state"].startswith("active")],
    )
