"""Bodies that describe hardware epochs, thermal cycles, runs and calibrations."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from instruments.measurement.limits import MAX_TEXT_LENGTH

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_LENGTH)]
Stamp = Annotated[str, Field(max_length=64, json_schema_extra={"format": "date-time"})]
Note = Annotated[str, Field(min_length=1, max_length=4000)]


class HardwareBody(BaseModel):
    """What sits in a slot from a time on; a component of null empties it."""

    model_config = ConfigDict(extra="forbid")

    component: Text | None
    installed_at: Stamp
    note: Note | None = None


class SpanBody(BaseModel):
    """When something began and ended; an absent field stays as it is."""

    model_config = ConfigDict(extra="forbid")

    started_at: Stamp | None = None
    ended_at: Stamp | None = None
    note: Note | None = None


class RunBody(SpanBody):
    """A run of the experiment."""

    title: Text | None = None


class CalibrationBody(BaseModel):
    """A calibration of an instrument; an absent field stays as it is."""

    model_config = ConfigDict(extra="forbid")

    instrument: Text | None = None
    cavity: Text | None = None
    kind: Text | None = None
    performed_at: Stamp | None = None
    valid_until: Stamp | None = None
    performed_by: Text | None = None
    note: Note | None = None
