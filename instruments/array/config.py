"""The array file as typed sections; unknown keys are errors everywhere.

Names of cavities, instruments and sweeps are the keys of their sections. Every
number carries its unit in the name of its key.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from instruments.array.references import check_references
from instruments.errors import ArrayConfigError
from instruments.measurement import SweepPurpose
from instruments.measurement.limits import MAX_POINT_COUNT

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
SParameter = Annotated[str, Field(pattern=r"^S[1-4][1-4]$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
Flag = Annotated[bool, Field(strict=True)]
PointCount = Annotated[int, Field(strict=True, ge=2, le=MAX_POINT_COUNT)]
Count = Annotated[int, Field(strict=True, ge=1)]

DriverName = Literal["lakeshore_372", "lakeshore_475"]
"""Sensor drivers that exist."""


class Section(BaseModel):
    """A section of the array file: no unknown keys, immutable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class ArrayIdentityConfig(Section):
    """Which array this is."""

    name: Name
    site: Text | None = None


class ConnectionConfig(Section):
    """Where an instrument is reached, through which VISA, and how patiently."""

    resource: Annotated[
        Text, Field(description="VISA resource, HiSLIP or SOCKET, with its port.")
    ]
    backend: Annotated[
        Text,
        Field(description='VISA library: "@py" is pyvisa-py, "@ivi" the vendor\'s.'),
    ] = "@py"
    open_timeout_s: Annotated[Positive, Field(le=60)] = 2.0
    io_timeout_s: Annotated[
        Positive, Field(le=600, description="Longest wait for one reply.")
    ] = 5.0
    time_scale: Annotated[
        Positive,
        Field(
            description="Emulated seconds that pass in one real second; 1 for hardware."
        ),
    ] = 1.0


class VnaConfig(ConnectionConfig):
    """One vector network analyzer."""

    dialect: Annotated[
        Literal["auto", "keysight_pna"],
        Field(description="Command set; auto chooses by *IDN?."),
    ] = "auto"
    expected_serial: Annotated[
        Text | None,
        Field(description="Serial number of *IDN?; another instrument is refused."),
    ] = None


class SensorConfig(ConnectionConfig):
    """One thermometer bridge or gaussmeter."""

    driver: DriverName
    period_s: Positive = 5.0
    readings: Annotated[
        dict[str, Name],
        Field(min_length=1, description="Input of the sensor to name of the reading."),
    ]
    cavity: Annotated[
        Name | None, Field(description="Cavity that it belongs to; absent for all.")
    ] = None


class InstrumentsConfig(Section):
    """Everything that has a wire."""

    vna: Annotated[dict[Name, VnaConfig], Field(min_length=1)]
    sensor: dict[Name, SensorConfig] = Field(default_factory=dict)


class SweepConfig(Section):
    """What every kind of sweep has."""

    s_parameters: Annotated[tuple[SParameter, ...], Field(min_length=1, max_length=16)]
    point_count: PointCount
    if_bandwidth_hz: Positive = 1000.0
    source_power_dbm: Annotated[Number, Field(ge=-120, le=30)] = -20.0
    averaging_count: Annotated[Count, Field(le=10_000)] = 1


class WideSweepConfig(SweepConfig):
    """A sweep over the band of the receiver."""

    purpose: Literal[SweepPurpose.WIDE]
    start_frequency_hz: Positive
    stop_frequency_hz: Positive

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.stop_frequency_hz <= self.start_frequency_hz:
            raise ArrayConfigError(
                "stop_frequency_hz must lie above start_frequency_hz"
            )
        return self


class NarrowSweepConfig(SweepConfig):
    """A sweep around the mode, centred on the tracked resonant frequency."""

    purpose: Literal[SweepPurpose.TRANSMISSION, SweepPurpose.REFLECTION]
    span_linewidths: Annotated[
        Positive, Field(le=10_000, description="Span in units of f0/loaded Q.")
    ] = 10.0


AnySweepConfig = Annotated[
    WideSweepConfig | NarrowSweepConfig, Field(discriminator="purpose")
]


class ScheduleConfig(Section):
    """When one kind of sweep is due, in seconds of the polling machine."""

    period_s: Positive
    phase_s: NonNegative = 0.0


class ExpectedConfig(Section):
    """The mode as designed: where to look before a fit is known."""

    resonant_frequency_hz: Positive
    loaded_q: Positive
    coupling_beta: Positive | None = None


class CavityConfig(Section):
    """One cavity and what looks at it."""

    vna: Name
    expected: ExpectedConfig
    title: Text | None = None
    enabled: Flag = True
    thermal_cycle: Text | None = None
    temperature_limit_k: Positive | None = None
    magnetic_field_limit_tesla: Positive | None = None
    conditions: Annotated[
        dict[Name, Name],
        Field(description="Condition of a sweep to the reading that it is taken from."),
    ] = Field(default_factory=dict)


class SpoolConfig(Section):
    """Where sweeps wait until the service has them."""

    directory: Text = ".halowatch/spool"
    max_bytes: Annotated[int, Field(strict=True, ge=1_048_576)] = 1_000_000_000


class SimulationConfig(Section):
    """What ``halowatch simulate`` reads, and nothing else does."""

    seed: Annotated[int, Field(strict=True, ge=0)] = 1
    nominal_temperature_k: Positive = 4.0
    nominal_field_tesla: NonNegative = 0.0


class ArrayConfig(Section):
    """The whole array file."""

    schema_version: Literal[1]
    array: ArrayIdentityConfig
    instruments: InstrumentsConfig
    sweeps: Annotated[dict[Name, AnySweepConfig], Field(min_length=1)]
    schedule: dict[Name, ScheduleConfig]
    cavities: Annotated[dict[Name, CavityConfig], Field(min_length=1)]
    spool: SpoolConfig = Field(default_factory=SpoolConfig)
    simulation: SimulationConfig | None = None

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        check_references(self)
        return self
