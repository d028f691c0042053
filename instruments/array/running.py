"""Sections of the programs: spool, control port, emulation."""

from typing import Annotated

from pydantic import Field

from instruments.array.values import Name, NonNegative, Positive, Section, Text


class SpoolConfig(Section):
    """Where sweeps wait until the service has them."""

    directory: Text = ".halowatch/spool"
    max_bytes: Annotated[int, Field(strict=True, ge=1_048_576)] = 1_000_000_000


class ControlConfig(Section):
    """Where the poller takes orders from the DAQ, on this machine only."""

    port: Annotated[
        int,
        Field(strict=True, ge=0, le=65_535, description="TCP port; 0 for a free one."),
    ] = 8010


class SimulationConfig(Section):
    """What ``halowatch simulate`` reads, and nothing else does."""

    seed: Annotated[int, Field(strict=True, ge=0)] = 1
    nominal_temperature_k: Positive = 4.0
    nominal_field_tesla: NonNegative = 0.0
    lives: Annotated[
        bool,
        Field(strict=True, description="Receivers live through a quiet week."),
    ] = False
    models: Annotated[
        dict[Name, Text],
        Field(description="VNA to the model that it is emulated as."),
    ] = Field(default_factory=dict)
