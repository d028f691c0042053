"""Stands before every handler: who may call, from where, how often; counts answers."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit

import structlog
from prometheus_client import Counter
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.cookies import SESSION, read_cookie
from service.access.origins import PAGE_HEADER, header, is_foreign, is_loopback_host
from service.access.permissions import granting
from service.access.principal import ANONYMOUS, OPEN, Principal, PrincipalKind
from service.access.rates import WRONG_KEYS
from service.access.routes import SAFE_METHODS, Reach, Rule, find_rule, path_of
from service.access.tokens import is_key
from service.config_values import ApiKeyPolicy
from service.context import ServiceContext
from service.errors import (
    CrossSiteError,
    ForbiddenError,
    ServiceError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
    WrongHostError,
)
from service.handlers.answers import problem_response
from service.handlers.intake import BodyIntake
from service.operations.auditing import record_call
from service.storage.sweep_queries import get_sweep

_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
"""What every answer says, unless it says something else itself."""

_log = structlog.get_logger(__name__)


class AccessGuard:
    """Lets a call through to its handler, with who makes it, or answers it itself.

    Nothing of a body is read before the caller is known to be allowed to send it.

    Parameters
    ----------
    takes_views
        Whether ``app`` reads pieces of a body that are views of memory.
    """

    def __init__(
        self, app: ASGIApp, context: ServiceContext, *, takes_views: bool = False
    ) -> None:
        self._app = app
        self._takes_views = takes_views
        self._context = context
        self._requests = context.metrics.requests
        self._counters: dict[tuple[str, int], Counter] = {}
        self._rates = context.rates
        self._is_open = context.config.api_keys is ApiKeyPolicy.OPEN
        self._public_host = urlsplit(context.config.public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule, named = find_rule(scope["method"], path_of(scope))
        state = scope.setdefault("state", {})
        state["principal"] = ANONYMOUS
        intake = BodyIntake(
            scope, receive, send, rule.body_bytes, takes_views=self._takes_views
        )

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, message["status"])
                _protect(scope, message)
                if rule.is_audited:
                    await self._audit(scope, message["status"])
            await intake.send(message)

        try:
            self._check_origin(scope)
            principal = OPEN if self._is_open else await self._recognise(scope, rule)
            state["principal"] = principal
            await self._check(scope, rule, named, principal)
            intake.check_announced()
        except ServiceError as error:
            self._context.metrics.refused.labels(error.code).inc()
            await _refusal(error, scope, rule)(scope, receive, answer)
            return
        await self._app(scope, intake.receive, answer)

    def _check_origin(self, scope: Scope) -> None:
        if self._is_open:
            host = header(scope["headers"], b"host")
            if not is_loopback_host(host) and host != self._public_host:
                raise WrongHostError(
                    f"Host {str(host)[:64]!r} is not this machine: this service is "
                    "open to its own machine only; call it as 127.0.0.1, or set "
                    "HALOWATCH_PUBLIC_URL to the address of the proxy with log-in"
                )
        if scope["method"] not in SAFE_METHODS and is_foreign(
            scope["headers"], scope["scheme"], self._context.config.public_url
        ):
            raise CrossSiteError("pages of other sites may not change anything here")

    async def _recognise(self, scope: Scope, rule: Rule) -> Principal:
        if not rule.needs:
            return ANONYMOUS
        bearer = header(scope["headers"], b"authorization")
        token: str | None
        if bearer is not None:
            kind, _, token = bearer.partition(" ")
            if kind.lower() != "bearer" or not token.strip():
                raise UnauthenticatedError(
                    "Authorization: send Bearer and the key, which starts with hw_"
                )
            token = token.strip()
        else:
            session = read_cookie(scope["headers"], SESSION)
            token = None if session is None or is_key(session) else session
        principal = None if token is None else await self._bearer_of(scope, token)
        if principal is None:
            raise UnauthenticatedError(
                "this call needs a key: send Authorization: Bearer hw_..., made by "
                "halowatch keys create; or log in at /login"
                if token is None
                else "the key or session is unknown, expired or revoked"
            )
        return principal

    async def _bearer_of(self, scope: Scope, token: str) -> Principal | None:
        authenticator = self._context.authenticator
        is_known, principal = authenticator.remembered(token)
        if not is_known:
            address = _address(scope)
            is_spent = self._rates.is_spent(WRONG_KEYS, address)
            # Behind one proxy a wrong key must not shut the right ones out.
            if is_spent and not authenticator.was_good(token):
                raise TooManyRequestsError(
                    "too many calls with keys that are none; wait", retry_after_s=60
                )
            principal = await asyncio.to_thread(authenticator.look_up, token)
        if principal is None:
            self._rates.count(WRONG_KEYS, _address(scope))
        return principal

    async def _check(
        self,
        scope: Scope,
        rule: Rule,
        named: Mapping[str, str],
        principal: Principal,
    ) -> None:
        if not rule.needs:
            return
        if not rule.needs & principal.permissions:
            raise ForbiddenError(
                f"{principal.actor} may not {scope['method']} {scope['path'][:120]}: "
                f"it needs {' or '.join(granting(need) for need in sorted(rule.needs))}"
            )
        if principal.kind is PrincipalKind.PERSON:
            self._check_page_header(scope)
        if principal.cavities is not None:
            await self._check_cavity(scope, rule, named, principal)
        if principal.identity and not self._rates.count_request(principal.identity):
            raise TooManyRequestsError(
                f"{principal.actor} calls more often than HALOWATCH_REQUESTS_PER_S "
                f"({self._context.config.requests_per_s:.0f}) allows; send more sweeps "
                "in each call"
            )

    def _check_page_header(self, scope: Scope) -> None:
        # A form can post, and a link can open, without asking; this header cannot be
        # sent by another site's page without being asked for leave first.
        if scope["method"] in SAFE_METHODS or not scope["path"].count("/api/v1/"):
            return
        if header(scope["headers"], PAGE_HEADER) is None:
            raise CrossSiteError(
                "a call with a session's cookie must carry the header X-Halowatch, as "
                "the dashboard's own do; programs send a key instead"
            )

    async def _check_cavity(
        self,
        scope: Scope,
        rule: Rule,
        named: Mapping[str, str],
        principal: Principal,
    ) -> None:
        if rule.reach in (Reach.NONE, Reach.BODY):
            return
        cavities: list[str | None] = [None]
        if rule.reach is Reach.PATH:
            cavities = [named["cavity"]]
        elif rule.reach is Reach.QUERY:
            given = parse_qsl(scope["query_string"].decode("latin-1"))
            cavities = [value for name, value in given if name == "cavity"] or [None]
        elif rule.reach is Reach.SWEEP:
            cavities = [await asyncio.to_thread(self._cavity_of, named["sweep"])]
        if not all(principal.may_touch(cavity) for cavity in cavities):
            raise ForbiddenError(
                f"{principal.actor} is for {principal.cavity_words()} alone; "
                f"{scope['method']} {scope['path'][:120]} "
                + (
                    "needs ?cavity= with one of them"
                    if rule.reach is Reach.QUERY
                    else "reaches others"
                )
            )

    def _cavity_of(self, sweep_id: str) -> str | None:
        with self._context.database.read() as transaction:
            sweep = get_sweep(transaction, sweep_id)
        return None if sweep is None else sweep.cavity

    async def _audit(self, scope: Scope, status: int) -> None:
        principal: Principal = scope["state"]["principal"]
        if principal.kind is PrincipalKind.ANONYMOUS:
            return  # strangers must not be able to fill the log
        try:
            await asyncio.to_thread(
                record_call,
                self._context.database,
                self._context.clock.now(),
                principal,
                method=scope["method"],
                path=scope["path"],
                status=status,
                address=_address(scope),
            )
        except UnavailableError as error:
            _log.error(
                "audit_failed",
                actor=principal.actor,
                method=scope["method"],
                path=scope["path"],
                status=status,
                reason=str(error),
            )

    def _count(self, scope: Scope, status: int) -> None:
        # Plain routes leave their function in the scope, FastAPI's their path too.
        name = getattr(scope.get("endpoint"), "__name__", "none")
        key = (getattr(scope.get("route"), "path", name), status)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._requests.labels(*key)
        counter.inc()


def _refusal(error: ServiceError, scope: Scope, rule: Rule) -> Response:
    """Answer a person with a page's redirect where a program gets a problem."""
    if isinstance(error, UnauthenticatedError) and rule.is_page:
        root = scope.get("root_path", "").rstrip("/")
        query = scope["query_string"].decode("latin-1")
        wanted = path_of(scope) + (f"?{query}" if query else "")
        response = RedirectResponse(f"{root}/login?next={quote(wanted, safe='')}", 303)
        response.headers["Cache-Control"] = "no-store"
        return response
    return problem_response(error, scope["path"])


def _protect(scope: Scope, message: Message) -> None:
    """Add the headers that keep a browser from misusing an answer, where absent."""
    headers = message.setdefault("headers", [])
    present = {name.lower() for name, _ in headers}
    headers += [pair for pair in _HEADERS if pair[0] not in present]
    if scope["scheme"] == "https":
        headers.append((b"strict-transport-security", b"max-age=31536000"))


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
