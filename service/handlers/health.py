"""``/healthz``, ``/readyz`` and ``/metrics``."""

import shutil
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from instruments.measurement.times import format_time
from service.context import ServiceContext
from service.errors import StorageUnavailableError
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import Context
from service.operations.model_register import read_history
from service.operations.overruled_gates import overruled_sentences
from service.operations.presenting import age_s
from service.operations.retaining import MEND_DAMAGED
from service.operations.vital_signs import read_vital_signs
from service.storage.migration import check_revision
from service.storage.sound_samples import count_damaged, list_damaged

router = APIRouter()


_UNKNOWN = {"ok": True, "reason": "the database, which knows it, fails"}
_NAMED = 3


@router.get("/healthz")
async def get_health() -> Response:
    """Tell that the process answers."""
    return StrictJsonResponse({"status": "ok"})


@router.get("/readyz", responses={503: {"description": "A dependency fails."}})
def get_readiness(context: Context) -> Response:
    """Tell whether every dependency works, and name the one that does not."""
    database = _check_database(context)
    checks: dict[str, Any] = {"database": database}
    # Which model is live stands in the database: it would fail, and wait, once more.
    checks["model"] = _check_model(context) if database["ok"] else _UNKNOWN
    checks["samples"] = _check_samples(context) if database["ok"] else _UNKNOWN
    checks["disk"] = _check_disk(context)
    checks["settings"] = _check_settings(context)
    ready = all(check["ok"] for check in checks.values())
    return StrictJsonResponse(
        {
            "status": "ready" if ready else "not_ready",
            "server_time": format_time(context.clock.now()),
            "checks": checks,
        },
        status_code=200 if ready else 503,
        headers={} if ready else {"Retry-After": "1"},
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def get_metrics(context: Context) -> Response:
    """Return counters and the state of the database for Prometheus."""
    metrics, now = context.metrics, context.clock.now()
    try:
        signs = read_vital_signs(context.database)
    except StorageUnavailableError:
        signs = None
    metrics.database_up.set(signs is not None)
    free_bytes = _free_bytes(context)
    if free_bytes is not None:
        metrics.disk_free_bytes.set(free_bytes)
    if signs is not None:
        for backlog in signs.backlog:
            metrics.tasks_waiting.labels(backlog.kind.value).set(backlog.waiting)
            oldest = backlog.oldest_at
            metrics.oldest_task_age_s.labels(backlog.kind.value).set(
                0.0 if oldest is None else age_s(oldest, now)
            )
        metrics.damaged_sweeps.set(signs.damaged_sweep_count)
        for cavity, measured_at in signs.newest_wide.items():
            metrics.sweep_age_s.labels(cavity).set(age_s(measured_at, now))
        metrics.pollers.show((one.status, one.age_s(now)) for one in signs.pollers)
        for severity, count in signs.active_alerts.items():
            metrics.alerts_active.labels(severity).set(count)
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _check_database(context: ServiceContext) -> dict[str, Any]:
    try:
        check_revision(context.database, context.config.migrations)
    except StorageUnavailableError as error:
        return {"ok": False, "reason": str(error)}
    return {"ok": True, "reason": None}


def _check_samples(context: ServiceContext) -> dict[str, Any]:
    # What is damaged keeps nobody from storing and reading the rest.
    try:
        with context.database.read() as transaction:
            count = count_damaged(transaction)
            named = list_damaged(transaction, _NAMED)
    except StorageUnavailableError as error:
        return {"ok": False, "reason": str(error)}
    if not count:
        return {"ok": True, "reason": None}
    more = f" and {count - len(named)} more" if count > len(named) else ""
    reason = (
        f"samples of {count} sweeps are damaged ({', '.join(named)}{more}): "
        f"{MEND_DAMAGED}"
    )
    return {"ok": True, "reason": reason}


def _check_disk(context: ServiceContext) -> dict[str, Any]:
    free_bytes, least_bytes = _free_bytes(context), context.config.disk_free_bytes
    if free_bytes is None or free_bytes >= least_bytes:
        return {"ok": True, "reason": None}
    return {
        "ok": False,
        "reason": f"{context.config.home} has {free_bytes} bytes left, "
        f"HALOWATCH_DISK_FREE_BYTES keeps {least_bytes}: make room",
    }


def _check_settings(context: ServiceContext) -> dict[str, Any]:
    # The last good settings stand, so the service is ready all the same.
    refused = context.live.refused
    reason = None if refused is None else f"the last good ones stand: {refused}"
    return {"ok": True, "reason": reason}


def _free_bytes(context: ServiceContext) -> int | None:
    try:
        return shutil.disk_usage(context.config.home).free
    except OSError:
        return None


def _check_model(context: ServiceContext) -> dict[str, Any]:
    try:
        with context.database.read() as transaction:
            history = read_history(transaction)
    except StorageUnavailableError as error:
        return {"ok": False, "reason": str(error)}
    if not history.live():
        return {"ok": True, "reason": "no model is live"}
    return {"ok": True, "reason": ". ".join(overruled_sentences(history)) or None}
