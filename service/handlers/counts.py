"""``/counts``: how much is stored."""

from dataclasses import asdict

from fastapi import APIRouter, Response

from instruments.measurement.times import format_time
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import Context
from service.storage.counts import count_stored

router = APIRouter(tags=["counts"])


@router.get("/counts")
def get_counts(context: Context) -> Response:
    """Count the stored sweeps, diagnoses, readings and alerts."""
    with context.database.read() as transaction:
        counts = count_stored(transaction)
    return StrictJsonResponse(
        {"server_time": format_time(context.clock.now()), **asdict(counts)}
    )
