"""The application factory."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from service.access.routes import path_of
from service.config import ServiceConfig
from service.context import ServiceContext, make_context
from service.dashboard import login, views
from service.dashboard.problem_pages import PageForProblem, asks_for_page
from service.dashboard.static_files import RevalidatedFiles
from service.handlers import (
    alerts,
    audit,
    campaigns,
    cavities,
    counts,
    diagnoses,
    exports,
    health,
    labels,
    live,
    models,
    pollers,
    readings,
    references,
    sweep_posts,
    sweep_reads,
)
from service.handlers.access import AccessGuard
from service.handlers.answers import install_problem_handlers
from service.handlers.bodies import BodyGate
from service.handlers.documents import PROBLEM_RESPONSES
from service.handlers.exports import ExportSlots
from service.handlers.parameters import refuse_unknown_parameters
from service.handlers.security import declare_security
from service.handlers.sweep_lane import sweep_lane

API_PREFIX = "/api/v1"
"""Where the versioned calls live."""

_SWEEPS = f"{API_PREFIX}/sweeps"


class Application(FastAPI):
    """The application; its OpenAPI document tells who may make each call.

    Attributes
    ----------
    sweep_lane
        What answers posted sweeps, behind a guard of its own, past all other layers.
    """

    sweep_lane: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and path_of(scope) == _SWEEPS
        ):
            scope["app"] = self
            await self.sweep_lane(scope, receive, send)
        elif scope["type"] == "http" and asks_for_page(scope):
            await super().__call__(scope, receive, PageForProblem(scope, send))
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Build the document once."""
        if self.openapi_schema is None:
            declare_security(super().openapi())
        return super().openapi()


def create_app(
    config: ServiceConfig, *, context: ServiceContext | None = None
) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    config
        Settings of the service.
    context
        Connections and model to use; built from the settings where None. The
        application closes it when it ends.
    """
    context = context or make_context(config)
    app = Application(
        title="halowatch",
        summary="Watches an array of axion-haloscope cavities through their VNAs.",
        version="1",
        lifespan=_lifespan,
        # Their pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
    )
    app.state.context = context
    app.state.body_gate = BodyGate(config.body_bytes, context.metrics.body_bytes)
    app.state.export_slots = ExportSlots()
    for room in (
        sweep_posts,
        sweep_reads,
        labels,
        diagnoses,
        readings,
        references,
        cavities,
        campaigns,
        pollers,
        models,
        alerts,
        audit,
        counts,
        exports,
        live,
    ):
        app.include_router(
            room.router,
            prefix=API_PREFIX,
            dependencies=[Depends(refuse_unknown_parameters)],
        )
    app.include_router(health.router)
    app.include_router(health.router, prefix=API_PREFIX, include_in_schema=False)
    _include_dashboard(app)
    install_problem_handlers(app)
    app.add_middleware(AccessGuard, context=context)
    app.sweep_lane = AccessGuard(sweep_lane, context, takes_views=True)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.context.close()


def _include_dashboard(app: FastAPI) -> None:
    files = RevalidatedFiles(directory=views.STATIC_DIRECTORY)
    app.mount("/static", files, name="static")
    app.include_router(login.router, include_in_schema=False)
    app.include_router(views.router, include_in_schema=False)
