"""Answers as the contract wants them: JSON without NaN, problems with a code."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from instruments.measurement import MeasurementError
from service.errors import (
    InvalidRequestError,
    ServiceError,
    TooManyBytesError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)

PROBLEM_MEDIA_TYPE = "application/problem+json"

_SHOWN_CHARACTERS = 200

_log = structlog.get_logger(__name__)


class StrictJsonResponse(Response):
    """JSON by orjson; NaN and infinity become null, never a token."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the document."""
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def problem_response(error: ServiceError, instance: str) -> Response:
    """Write an error as ``application/problem+json``."""
    document = {
        "type": f"about:blank#{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": str(error),
        "instance": instance,
        **error.members,
    }
    headers = {}
    if isinstance(error, UnavailableError | TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = 'Bearer realm="halowatch"'
    is_cut = error.status in (401, 408, 413, 503)
    if is_cut or isinstance(error, TooManyBytesError):
        # The rest of the body was not read, so the connection cannot be used again.
        headers["Connection"] = "close"
    return Response(
        orjson.dumps(document),
        status_code=error.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=headers,
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Map every error that can leave a handler to a problem document."""
    for kind, handler in (
        (ServiceError, _on_service_error),
        (MeasurementError, _on_measurement_error),
        (RequestValidationError, _on_validation_error),
        (HTTPException, _on_http_exception),
        (ClientDisconnect, _on_disconnect),
        (Exception, answer_surprise),
    ):
        app.add_exception_handler(kind, handler)  # type: ignore[arg-type]  # narrower


async def answer_expected(
    request: Request, error: ServiceError | MeasurementError | ClientDisconnect
) -> Response:
    """Write what a handler outside the router may expect to go wrong as a problem."""
    if isinstance(error, ServiceError):
        return await _on_service_error(request, error)
    if isinstance(error, MeasurementError):
        return await _on_measurement_error(request, error)
    return await _on_disconnect(request, error)


async def _on_service_error(request: Request, error: ServiceError) -> Response:
    request.app.state.context.metrics.refused.labels(error.code).inc()
    return problem_response(error, request.url.path)


async def _on_measurement_error(request: Request, error: MeasurementError) -> Response:
    invalid = InvalidRequestError(str(error), {"field": error.field})
    return await _on_service_error(request, invalid)


async def _on_validation_error(
    request: Request, error: RequestValidationError
) -> Response:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or "body"
    invalid = InvalidRequestError(f"{field}: {first['msg']}", {"field": field})
    return await _on_service_error(request, invalid)


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    """Give the router's own 404 and 405 the same shape as ours."""

    class RouterError(ServiceError):
        code = {404: "not_found", 405: "method_not_allowed"}.get(
            error.status_code, "http_error"
        )
        status = error.status_code

    methods = _methods_of(request) if error.status_code == 405 else []
    problem = RouterError(_router_words(request, error, methods))
    response = problem_response(problem, request.url.path)
    response.headers.update(error.headers or {})
    if methods:
        response.headers["Allow"] = ", ".join(methods)
    return response


def _router_words(
    request: Request, error: HTTPException, methods: Sequence[str]
) -> str:
    path = request.url.path[:_SHOWN_CHARACTERS]
    if error.status_code == 404:
        return f"nothing is at {path}; /openapi.json lists every call"
    taken = ", ".join(methods) or (error.headers or {}).get("Allow")
    if taken:
        return f"{path} takes no {request.method}, only {taken}"
    return str(error.detail)


def _methods_of(request: Request) -> list[str]:
    """Name every method of a path; the router names those of its first route."""
    paths = request.app.openapi()["paths"]
    return sorted(
        name.upper()
        for template, calls in paths.items()
        if compile_path(template)[0].match(request.url.path)
        for name in calls
    )


async def _on_disconnect(request: Request, error: ClientDisconnect) -> Response:
    """End quietly: nobody reads the answer to a body that was broken off."""
    del error
    return await _on_service_error(
        request, InvalidRequestError("the body was broken off")
    )


async def answer_surprise(request: Request, error: Exception) -> Response:
    """Write what nobody expected as a problem, and log it."""
    _log.error("request_failed", path=request.url.path, exc_info=error)
    return problem_response(
        ServiceError("the service failed; its log says more"), request.url.path
    )
