"""The pages: the array wall, one cavity, the alerts, the audit log."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from service.dashboard.outage import PageRoute
from service.dashboard.rendering import render
from service.dashboard.source import WallSource, wall_source
from service.dashboard.wording import by_urgency
from service.operations.exporting.columns import LABELS

STATIC_DIRECTORY = Path(__file__).parent / "static"
"""What the application serves under ``/static``."""

router = APIRouter(
    include_in_schema=False,
    default_response_class=HTMLResponse,
    route_class=PageRoute,
)

Source = Annotated[WallSource, Depends(wall_source)]


@router.get("/")
def wall(request: Request, source: Source) -> HTMLResponse:
    """Show a tile a cavity."""
    array = source.cavities()
    return render(
        request,
        "wall.html",
        page="wall",
        titles=_titles_of(array["cavities"]),
        server_time=array["server_time"],
        cavities=array["cavities"],
        pollers=source.pollers(),
        unseen_count=source.unseen_count(),
        overruled=source.overruled_gates(),
        active_alerts=_active(source),
    )


@router.get("/cavities/{cavity_id}")
def cavity_page(request: Request, source: Source, cavity_id: str) -> HTMLResponse:
    """Show one cavity's sweeps, trends and verdict."""
    cavity = source.cavity(cavity_id)
    if cavity is None:
        array = source.cavities()
        return render(
            request,
            "missing.html",
            status_code=404,
            page="missing",
            server_time=array["server_time"],
            cavities=array["cavities"],
            cavity_id=cavity_id,
            active_alerts=_active(source),
        )
    return render(
        request,
        "cavity.html",
        page="cavity",
        server_time=cavity["server_time"],
        cavity=cavity,
        diagnosis=_newest_diagnosis(source, cavity),
        labels=source.labels(_shown_sweeps(cavity)),
        label_names=LABELS,
        active_alerts=_active(source),
    )


@router.get("/alerts")
def alerts_page(request: Request, source: Source) -> HTMLResponse:
    """Show the alerts that need somebody, then the history."""
    answer = source.alerts("all")
    active = _active(source)
    # The history is cut at its limit; what is active must never fall behind it.
    cleared = [a for a in answer["alerts"] if a["state"] == "cleared_unacknowledged"]
    return render(
        request,
        "alerts.html",
        page="alerts",
        server_time=answer["server_time"],
        cleared_alerts=cleared,
        past_alerts=[a for a in answer["alerts"] if a["state"] == "normal"],
        titles=_titles_of(source.cavities()["cavities"]),
        active_alerts=active,
    )


@router.get("/audit")
def audit_page(
    request: Request,
    source: Source,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> HTMLResponse:
    """Show who changed what, newest first."""
    answer = source.audit(before)
    return render(
        request,
        "audit.html",
        page="audit",
        server_time=answer["server_time"],
        actions=answer["actions"],
        older=answer["older"],
        active_alerts=_active(source),
    )


def _active(source: WallSource) -> list[Mapping[str, Any]]:
    alerts = source.alerts("active")["alerts"]
    return by_urgency([a for a in alerts if a["state"].startswith("active")])


def _titles_of(cavities: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {cavity["id"]: cavity["title"] or cavity["id"] for cavity in cavities}


def _newest_diagnosis(
    source: WallSource, cavity: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    # The newest sweep may wait to be judged; what stands is of the one before it.
    verdict = cavity["condition"]
    return None if verdict is None else source.diagnosis(verdict["sweep_id"])


def _shown_sweeps(cavity: Mapping[str, Any]) -> list[str]:
    shown = [*cavity["latest"].values(), cavity["reference"]]
    return [sweep["sweep_id"] for sweep in shown if sweep is not None]
