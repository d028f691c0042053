"""``/sweeps/{id}/labels``: what people call a sweep, kept beside the model's word."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from instruments.measurement.limits import MAX_TEXT_LENGTH
from service.access.principal import person_of
from service.errors import NotFoundError
from service.handlers.answers import StrictJsonResponse
from service.handlers.dependencies import Context
from service.operations.labelling import check_label, label_sweep, labels_json
from service.storage.labels import LabelRecord
from service.storage.sweep_queries import get_sweep

router = APIRouter()


class LabelBody(BaseModel):
    """What a sweep is called, by whom; null takes the label back."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=64)
    value: str | float | None
    by: str = Field(min_length=1, max_length=MAX_TEXT_LENGTH)
    note: str | None = Field(None, max_length=1000)


@router.post("/sweeps/{sweep_id}/labels")
def post_label(
    context: Context, request: Request, sweep_id: str, body: LabelBody
) -> Response:
    """Label a sweep; an earlier label of that name is replaced, and kept."""
    value = check_label(body.name, body.value)
    label = LabelRecord(
        sweep_id=sweep_id,
        name=body.name,
        value=value,
        labelled_at=context.clock.now(),
        labelled_by=person_of(request.scope) or body.by,
        note=body.note,
    )
    with context.database.write() as transaction:
        document = label_sweep(transaction, label)
    return StrictJsonResponse(document)


@router.get("/sweeps/{sweep_id}/labels")
def get_labels(context: Context, sweep_id: str) -> Response:
    """List the labels of a sweep, with those that were replaced."""
    with context.database.read() as transaction:
        if get_sweep(transaction, sweep_id) is None:
            raise NotFoundError(
                f"no sweep {sweep_id[:64]!r}; GET /api/v1/sweeps lists them"
            )
        document = labels_json(transaction, sweep_id)
    return StrictJsonResponse(document)
