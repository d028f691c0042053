"""Bodies that pydantic reads: small, and never on the fast path."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from instruments.measurement.limits import MAX_TEXT_LENGTH


class CavityBody(BaseModel):
    """What ``PUT /cavities/{id}`` may set; an absent field stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    title: str | None = Field(None, min_length=1, max_length=MAX_TEXT_LENGTH)
    enabled: bool = True
    vna: str | None = Field(None, min_length=1, max_length=MAX_TEXT_LENGTH)
    expected_resonant_frequency_hz: float | None = Field(None, gt=0)
    expected_loaded_q: float | None = Field(None, gt=0)
    expected_coupling_beta: float | None = Field(None, gt=0)
    sweep_period_s: float | None = Field(None, gt=0)
    thermal_cycle: str | None = Field(None, min_length=1, max_length=MAX_TEXT_LENGTH)
    temperature_limit_k: float | None = Field(None, gt=0)
    magnetic_field_limit_tesla: float | None = Field(None, gt=0)


class KeepBody(BaseModel):
    """Whether retention shall spare a sweep."""

    model_config = ConfigDict(extra="forbid", strict=True)

    keep: bool


class ReadingsBody(BaseModel):
    """The readings of one post."""

    model_config = ConfigDict(extra="forbid", strict=True)

    readings: list[dict[str, Any]] = Field(min_length=1, max_length=10_000)


class AcknowledgeBody(BaseModel):
    """Who acknowledges an alert, and for how long."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    by: str = Field(min_length=1, max_length=MAX_TEXT_LENGTH)
    note: str | None = Field(None, max_length=1000)
    duration_s: float = Field(3600.0, gt=0, le=7 * 86_400)
