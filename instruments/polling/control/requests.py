"""What the control port takes: the bodies of its calls, checked at the rim."""

import json
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _digits(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


DaqId = Annotated[str, Field(min_length=1, max_length=128), BeforeValidator(_digits)]
"""A run or a step as the DAQ calls it; a whole number becomes its digits."""

Patience = Annotated[float, Field(strict=True, ge=0, le=600, allow_inf_nan=False)]
Cavities = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=1024)]

DEFAULT_HOLDER = "daq"
"""Whose silence it is where a request names nobody."""


class BadRequestError(Exception):
    """The body is wrong; the sentence names the field and the mend."""


class Body(BaseModel):
    """A body: no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InhibitRequest(Body):
    """RF off, for as long as the lease lasts."""

    lease_s: Annotated[float, Field(strict=True, gt=0, le=86_400, allow_inf_nan=False)]
    cavities: Cavities | None = None
    holder: Identifier = DEFAULT_HOLDER
    timeout_s: Patience = 2.0


class PermitRequest(Body):
    """The end of a silence."""

    cavities: Cavities | None = None
    holder: Identifier = DEFAULT_HOLDER


class CavitiesRequest(Body):
    """The cavities whose schedule is paused or resumed."""

    cavities: Cavities | None = None


class TriggerRequest(Body):
    """A sweep now, for a tuning step of the DAQ."""

    cavity: Identifier
    sweep: Identifier | None = None
    run: DaqId | None = None
    step: DaqId | None = None
    timeout_s: Patience = 30.0
    expires_s: Annotated[
        float, Field(strict=True, gt=0, le=3600, allow_inf_nan=False)
    ] = 60.0


Request = TypeVar("Request", bound=Body)


def read_body(kind: type[Request], body: bytes) -> Request:
    """Read the body of a call; an empty one stands for an empty object.

    Raises
    ------
    BadRequestError
        With one sentence.
    """
    try:
        document = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        raise BadRequestError("the body is no JSON; send one object") from None
    if not isinstance(document, dict):
        raise BadRequestError("the body must be one JSON object")
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise BadRequestError(_sentence(kind, error)) from None


def _sentence(kind: type[Body], error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part)[:64] for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{field}: is not known; there are {', '.join(kind.model_fields)}"
    return f"{field}: {first['msg'][:200]}"
