"""What the sections of the array file are made of: strict numbers, names, no extras."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from instruments.measurement.limits import MAX_POINT_COUNT, MAX_PORT_COUNT

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
S_PARAMETER_PATTERN = r"^S[1-4][1-4]$"

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
SParameter = Annotated[str, Field(pattern=S_PARAMETER_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
Frequency = Annotated[
    float, Field(strict=True, allow_inf_nan=False, ge=1.0e5, le=1.0e12)
]
"""In Hz; a number below is a number of MHz or GHz that lost its unit."""

PowerLevel = Annotated[Number, Field(ge=-120, le=30)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
PointCount = Annotated[int, Field(strict=True, ge=2, le=MAX_POINT_COUNT)]
Port = Annotated[int, Field(ge=1, le=MAX_PORT_COUNT)]


class Section(BaseModel):
    """A section of the array file: no unknown keys, immutable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)
