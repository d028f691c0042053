"""The array file as typed sections; unknown keys are errors everywhere.

Names of cavities, instruments and sweeps are the keys of their sections. Every
number carries its unit in the name of its key.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from instruments.array.cavities import CavityConfig, ExpectedConfig
from instruments.array.connection import (
    ConnectionConfig,
    DialectName,
    ReferenceOscillatorConfig,
    VnaConfig,
)
from instruments.array.references import check_references
from instruments.array.running import ControlConfig, SimulationConfig, SpoolConfig
from instruments.array.sensor import DriverName, SensorConfig
from instruments.array.sweeps import (
    AnySweepConfig,
    FineConfig,
    NarrowSweepConfig,
    ScheduleConfig,
    SweepConfig,
    WideSweepConfig,
)
from instruments.array.switch import SwitchConfig, SwitchDriverName
from instruments.array.values import Name, Section, Text

__all__ = [
    "AnySweepConfig",
    "ArrayConfig",
    "ArrayIdentityConfig",
    "CavityConfig",
    "ConnectionConfig",
    "ControlConfig",
    "DialectName",
    "DriverName",
    "ExpectedConfig",
    "FineConfig",
    "InstrumentsConfig",
    "NarrowSweepConfig",
    "ReferenceOscillatorConfig",
    "RouteConfig",
    "ScheduleConfig",
    "SensorConfig",
    "SimulationConfig",
    "SpoolConfig",
    "SweepConfig",
    "SwitchConfig",
    "SwitchDriverName",
    "VnaConfig",
    "WideSweepConfig",
]

RouteConfig = Annotated[
    dict[Name, dict[Text, Text]],
    Field(min_length=1, description="Switch to its elements, each with its position."),
]
"""A route: which position each element takes."""


class ArrayIdentityConfig(Section):
    """Which array this is."""

    name: Name
    site: Text | None = None


class InstrumentsConfig(Section):
    """Everything that has a wire."""

    vna: Annotated[dict[Name, VnaConfig], Field(min_length=1)]
    sensor: dict[Name, SensorConfig] = Field(default_factory=dict)
    switch: dict[Name, SwitchConfig] = Field(default_factory=dict)


class ArrayConfig(Section):
    """The whole array file."""

    schema_version: Literal[1]
    array: ArrayIdentityConfig
    instruments: InstrumentsConfig
    routes: dict[Name, RouteConfig] = Field(default_factory=dict)
    sweeps: Annotated[dict[Name, AnySweepConfig], Field(min_length=1)]
    schedule: dict[Name, ScheduleConfig]
    cavities: Annotated[dict[Name, CavityConfig], Field(min_length=1)]
    spool: SpoolConfig = Field(default_factory=SpoolConfig)
    control: ControlConfig | None = None
    simulation: SimulationConfig | None = None

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        check_references(self)
        return self
