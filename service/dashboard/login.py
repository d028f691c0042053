"""The log-in: by password, or at the site's identity provider."""

import asyncio
import secrets
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from instruments.measurement.times import format_time
from service.access.cookies import OIDC_FLOW, SESSION, cookie_name, read_cookie
from service.config_values import ApiKeyPolicy
from service.context import ServiceContext
from service.dashboard.outage import PageRoute
from service.dashboard.rendering import render
from service.errors import (
    ForbiddenError,
    InvalidRequestError,
    ProviderUnavailableError,
    ServiceError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from service.operations.identity_provider import CALLBACK, Flow, ProviderLink

router = APIRouter(include_in_schema=False, route_class=PageRoute)

FLOW_S = 600
"""How long a log-in at the identity provider may take, in seconds."""


@router.get("/login")
def login_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - in the URL
    """Show the form."""
    if _context(request).config.api_keys is ApiKeyPolicy.OPEN:
        return _go(request, _within(next))
    return _page(request, wanted=_within(next))


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Begin a session by name and password."""
    context = _context(request)
    form = await request.form(max_files=0, max_fields=8)
    name, password, wanted = (
        "" if isinstance(value := form.get(field, ""), UploadFile) else value
        for field in ("name", "password", "next")
    )
    wanted = _within(wanted)
    try:
        token = await asyncio.to_thread(
            context.desk.enter, name.strip(), password, _address(request)
        )
    except (UnauthenticatedError, TooManyRequestsError) as error:
        context.metrics.logins.labels("refused").inc()
        return _page(request, wanted=wanted, name=name.strip()[:64], error=error)
    return _begin(request, token, wanted)


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session, here and in the database."""
    context = _context(request)
    token = read_cookie(request.scope["headers"], SESSION)
    if token is not None:
        bearer = await asyncio.to_thread(context.authenticator.look_up, token)
        if bearer is not None:
            leave = context.desk.leave
            await asyncio.to_thread(leave, token, bearer.name, _address(request))
        context.authenticator.forget(token)
    response = _go(request, "/login")
    for name in (SESSION, cookie_name(SESSION, secure=True)):
        response.delete_cookie(name, path="/", secure=name != SESSION, httponly=True)
    return response


@router.get("/login/oidc")
async def begin_oidc(request: Request, next: str = "/") -> Response:  # noqa: A002
    """Send the person to the identity provider."""
    try:
        url, flow = await asyncio.to_thread(_provider(request).begin)
    except ProviderUnavailableError as error:
        return _page(request, wanted=_within(next), error=error)
    response = RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})
    kept = {
        "state": flow.state,
        "nonce": flow.nonce,
        "verifier": flow.verifier,
        "next": _within(next),
    }
    # The whole flow is bound to this browser: only here does the state fit.
    value = orjson.dumps(kept).hex()
    _set(request, response, OIDC_FLOW, value, FLOW_S)
    return response


@router.get(CALLBACK)
async def finish_oidc(
    request: Request,
    code: str = "",
    state: str = "",
    error: str = "",
) -> Response:
    """Begin a session for the person who comes back from the identity provider."""
    context = _context(request)
    try:
        kept = _kept_flow(request, state)
        _check_answer(code, error)
        flow = Flow(state=state, nonce=kept["nonce"], verifier=kept["verifier"])
        person = await asyncio.to_thread(_provider(request).finish, code, flow)
        address = _address(request)
        token = await asyncio.to_thread(context.desk.enter_vouched, person, address)
    except (UnauthenticatedError, ForbiddenError, ProviderUnavailableError) as refused:
        context.metrics.logins.labels("refused").inc()
        response = _page(request, wanted="/", error=refused)
    else:
        response = _begin(request, token, _within(kept["next"]))
    _set(request, response, OIDC_FLOW, "", 0)
    return response


def _check_answer(code: str, error: str) -> None:
    if error or not code:
        raise UnauthenticatedError(
            f"the identity provider let nobody in ({error[:80] or 'no code'})"
        )


def _kept_flow(request: Request, state: str) -> dict[str, str]:
    text = read_cookie(request.scope["headers"], OIDC_FLOW) or ""
    try:
        kept = orjson.loads(bytes.fromhex(text))
        names = ("state", "nonce", "verifier", "next")
        flow = {name: str(kept[name]) for name in names}
    except (ValueError, KeyError, TypeError):
        raise UnauthenticatedError(
            "this log-in was begun elsewhere, or more than ten minutes ago; begin again"
        ) from None
    if not state or not secrets.compare_digest(flow["state"].encode(), state.encode()):
        raise UnauthenticatedError("this log-in was not begun here; begin again")
    return flow


def _provider(request: Request) -> ProviderLink:
    link = _context(request).provider
    if link is None:
        raise InvalidRequestError("no identity provider: set HALOWATCH_OIDC_ISSUER")
    return link


def _page(
    request: Request,
    *,
    wanted: str,
    name: str = "",
    error: ServiceError | None = None,
) -> Response:
    context = _context(request)
    provider = context.config.identity_provider
    response = render(
        request,
        "login.html",
        status_code=200 if error is None else error.status,
        page="login",
        server_time=format_time(context.clock.now()),
        active_alerts=(),
        name=name,
        next=wanted,
        provider_query=urlencode({"next": wanted}),
        provider=None if provider is None else provider.issuer.partition("://")[2],
        error=None if error is None else str(error),
    )
    if isinstance(error, TooManyRequestsError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _begin(request: Request, token: str, wanted: str) -> Response:
    _context(request).metrics.logins.labels("done").inc()
    response = _go(request, wanted)
    _set(request, response, SESSION, token, int(_context(request).config.session_s))
    return response


def _set(
    request: Request, response: Response, name: str, value: str, duration_s: int
) -> None:
    """Set a cookie that scripts cannot read and other sites cannot post with."""
    public_url = _context(request).config.public_url
    secure = request.url.scheme == "https" or public_url.startswith("https://")
    response.set_cookie(
        cookie_name(name, secure=secure),
        value,
        max_age=duration_s,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _go(request: Request, path: str) -> Response:
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(root + path, 303, headers={"Cache-Control": "no-store"})


def _within(path: str) -> str:
    """Return a path of this site; another site's address becomes the wall."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\", "/login"))
    return path if is_ours and path.isprintable() and len(path) <= 2000 else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _context(request: Request) -> ServiceContext:
    context = request.app.state.context
    assert isinstance(context, ServiceContext)
    return context
