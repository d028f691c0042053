"""What the years are made of: hardware epochs, thermal cycles, runs, calibrations."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from instruments.measurement.limits import IDENTIFIER, MAX_TEXT_LENGTH
from instruments.measurement.times import parse_time
from service.context import ServiceContext
from service.errors import InvalidRequestError, NotFoundError
from service.handlers.answers import StrictJsonResponse
from service.handlers.campaign_bodies import (
    CalibrationBody,
    HardwareBody,
    RunBody,
    SpanBody,
)
from service.handlers.dependencies import Context, read_time
from service.operations.presenting import dated_json
from service.storage.campaigns import (
    get_run,
    list_calibrations,
    list_runs,
    list_steps,
    list_thermal_cycles,
    put_calibration,
    put_run,
    put_step,
    put_thermal_cycle,
)
from service.storage.cavities import get_cavity
from service.storage.hardware import install_component, list_epochs

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=1000)]


@router.put("/cavities/{cavity}/hardware/{slot}")
def put_hardware(
    context: Context, cavity: str, slot: str, body: HardwareBody
) -> Response:
    """Record which component sits in a slot of a cavity from a time on."""
    if not IDENTIFIER.fullmatch(slot):
        raise InvalidRequestError(
            f"slot: {slot[:64]!r} must be 1 to 64 letters, digits, dots, dashes or "
            "underscores and start with a letter or digit"
        )
    with context.database.write() as transaction:
        if get_cavity(transaction, cavity) is None:
            raise NotFoundError(
                f"cavity {cavity[:64]!r} is not registered; "
                f"PUT /api/v1/cavities/{cavity[:64]} registers it"
            )
        epoch = install_component(
            transaction,
            cavity,
            slot,
            body.component,
            at=parse_time("installed_at", body.installed_at),
            note=body.note,
            now=context.clock.now(),
        )
    return StrictJsonResponse(dated_json(epoch))


@router.get("/hardware-epochs")
def get_hardware_epochs(
    context: Context,
    *,
    cavity: str | None = None,
    slot: str | None = None,
    component: str | None = None,
    at: str | None = None,
    limit: Limit = 100,
) -> Response:
    """List which component sat where, the last installed first."""
    chosen = {"cavity": cavity, "slot": slot, "component": component, "at": at}
    return _page(context, "epochs", list_epochs, chosen, limit)


@router.put("/thermal-cycles/{name}")
def put_one_thermal_cycle(context: Context, name: str, body: SpanBody) -> Response:
    """Say when a thermal cycle began and ended."""
    _check_name(name)
    with context.database.write() as transaction:
        cycle = put_thermal_cycle(
            transaction, name, _changes(body), context.clock.now()
        )
    return StrictJsonResponse(dated_json(cycle))


@router.get("/thermal-cycles")
def get_thermal_cycles(context: Context, limit: Limit = 100) -> Response:
    """List the thermal cycles that sweeps or people have named, the last first."""
    return _page(context, "thermal_cycles", list_thermal_cycles, {}, limit)


@router.put("/runs/{name}")
def put_one_run(context: Context, name: str, body: RunBody) -> Response:
    """Describe a run."""
    _check_name(name)
    with context.database.write() as transaction:
        run = put_run(transaction, name, _changes(body), context.clock.now())
    return StrictJsonResponse(dated_json(run))


@router.get("/runs")
def get_runs(context: Context, limit: Limit = 100) -> Response:
    """List the runs that sweeps or people have named, the last first."""
    return _page(context, "runs", list_runs, {}, limit)


@router.put("/runs/{name}/steps/{step}")
def put_one_step(context: Context, name: str, step: str, body: SpanBody) -> Response:
    """Describe a step of a run."""
    _check_name(step)
    with context.database.write() as transaction:
        if get_run(transaction, name) is None:
            raise _unknown_run(name)
        found = put_step(transaction, name, step, _changes(body), context.clock.now())
    return StrictJsonResponse(dated_json(found))


@router.get("/runs/{name}/steps")
def get_steps(context: Context, name: str, limit: Limit = 100) -> Response:
    """List the steps of a run, the last first."""
    with context.database.read() as transaction:
        if get_run(transaction, name) is None:
            raise _unknown_run(name)
    return _page(context, "steps", list_steps, {"run": name}, limit)


@router.put("/calibrations/{name}")
def put_one_calibration(context: Context, name: str, body: CalibrationBody) -> Response:
    """Describe a calibration; sweeps name it in ``instrument.calibration``."""
    _check_name(name)
    with context.database.write() as transaction:
        found = put_calibration(transaction, name, _changes(body), context.clock.now())
    return StrictJsonResponse(dated_json(found))


@router.get("/calibrations")
def get_calibrations(
    context: Context,
    *,
    instrument: str | None = None,
    cavity: str | None = None,
    at: str | None = None,
    limit: Limit = 100,
) -> Response:
    """List calibrations, the last performed first; ``at``: only those valid then."""
    chosen = {"instrument": instrument, "cavity": cavity, "at": at}
    return _page(context, "calibrations", list_calibrations, chosen, limit)


def _page(
    context: ServiceContext,
    name: str,
    find: Callable[..., Sequence[Any]],
    chosen: Mapping[str, str | None],
    limit: int,
) -> Response:
    """List what was chosen; a choice named ``at`` is a time."""
    wanted: dict[str, Any] = dict(chosen)
    if "at" in wanted:
        wanted["at"] = read_time("at", chosen["at"])
    with context.database.read() as transaction:
        records = find(transaction, limit=limit, **wanted)
    return StrictJsonResponse({name: [dated_json(record) for record in records]})


def _changes(body: BaseModel) -> dict[str, Any]:
    """Return what the body sets, its times as times, in order."""
    changes = body.model_dump(exclude_unset=True)
    for name, value in changes.items():
        if name.endswith(("_at", "_until")) and value is not None:
            changes[name] = parse_time(name, value)
    for first, last in (("started_at", "ended_at"), ("performed_at", "valid_until")):
        start, end = changes.get(first), changes.get(last)
        if start is not None and end is not None and end < start:
            raise InvalidRequestError(f"{last}: is before {first}", {"field": last})
    return changes


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_TEXT_LENGTH or not name.isprintable():
        raise InvalidRequestError(
            f"name: {name[:64]!r} must be 1 to {MAX_TEXT_LENGTH} printable characters"
        )


def _unknown_run(name: str) -> NotFoundError:
    return NotFoundError(
        f"run {name[:64]!r} is not known; PUT /api/v1/runs/{name[:64]} describes it"
    )
