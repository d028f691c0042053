"""Sections of the sweeps, and when they are due."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from instruments.array.misfit import MisfitError
from instruments.array.values import (
    Count,
    Frequency,
    NonNegative,
    PointCount,
    Positive,
    PowerLevel,
    Section,
    SParameter,
)
from instruments.measurement import SweepPurpose

LEAST_COARSE_POINTS = 4
"""Points that a wide sweep keeps beside its fine ones, two on each side."""


class SweepConfig(Section):
    """What every kind of sweep has."""

    s_parameters: Annotated[tuple[SParameter, ...], Field(min_length=1, max_length=16)]
    point_count: PointCount
    if_bandwidth_hz: Positive = 1000.0
    source_power_dbm: PowerLevel = -20.0
    averaging_count: Annotated[Count, Field(le=10_000)] = 1


class FineConfig(Section):
    """Closer points around the tracked mode, inside a wide sweep."""

    span_linewidths: Annotated[
        Positive, Field(le=10_000, description="Span in units of f0/loaded Q.")
    ] = 10.0
    point_count: Annotated[
        PointCount, Field(description="Of the sweep's points, those around the mode.")
    ]
    if_bandwidth_hz: Positive | None = None
    source_power_dbm: PowerLevel | None = None


class WideSweepConfig(SweepConfig):
    """A sweep over the band of the receiver."""

    purpose: Literal[SweepPurpose.WIDE]
    start_frequency_hz: Frequency
    stop_frequency_hz: Frequency
    fine: FineConfig | None = None

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.stop_frequency_hz <= self.start_frequency_hz:
            raise MisfitError(
                ("stop_frequency_hz",), "must lie above start_frequency_hz"
            )
        return self

    @model_validator(mode="after")
    def _keeps_coarse_points(self) -> Self:
        if self.fine is not None:
            most = self.point_count - LEAST_COARSE_POINTS
            if self.fine.point_count > most:
                raise MisfitError(
                    ("fine", "point_count"),
                    f"must leave {LEAST_COARSE_POINTS} of the sweep's "
                    f"{self.point_count} points outside; give at most {most}",
                )
        return self


class NarrowSweepConfig(SweepConfig):
    """A sweep around the mode, centred on the tracked resonant frequency."""

    purpose: Literal[SweepPurpose.TRANSMISSION, SweepPurpose.REFLECTION]
    span_linewidths: Annotated[
        Positive, Field(le=10_000, description="Span in units of f0/loaded Q.")
    ] = 10.0
    spacing: Annotated[
        Literal["uniform", "phase"],
        Field(description="Points evenly in frequency, or in the mode's phase."),
    ] = "uniform"


AnySweepConfig = Annotated[
    WideSweepConfig | NarrowSweepConfig, Field(discriminator="purpose")
]


class ScheduleConfig(Section):
    """When one kind of sweep is due, in seconds of the polling machine."""

    period_s: Positive
    phase_s: NonNegative = 0.0
    offsets_s: Annotated[
        tuple[NonNegative, ...],
        Field(
            min_length=1,
            max_length=1000,
            description="Times within each period; rising and below period_s.",
        ),
    ] = (0.0,)
    priority: Annotated[
        int,
        Field(
            strict=True,
            ge=-1000,
            le=1000,
            description="Of two sweeps with the same deadline the higher goes first.",
        ),
    ] = 0
    late_after_s: Annotated[
        Positive | None,
        Field(
            description="Lateness that is flagged; a tenth of the period by default."
        ),
    ] = None

    @model_validator(mode="after")
    def _keeps_its_offsets_apart(self) -> Self:
        rising = sorted(set(self.offsets_s))
        if list(self.offsets_s) != rising or rising[-1] >= self.period_s:
            raise MisfitError(
                ("offsets_s",), f"must rise, each below period_s ({self.period_s:g})"
            )
        return self
