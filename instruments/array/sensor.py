"""Section of a sensor: which driver, which inputs, in which unit."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from instruments.array.connection import ConnectionConfig
from instruments.array.misfit import MisfitError
from instruments.array.values import Name, Positive
from instruments.measurement.units import UNIT_FACTORS, UNIT_SUFFIXES

DriverName = Literal[
    "lakeshore_336",
    "lakeshore_372",
    "lakeshore_425",
    "lakeshore_475",
    "ami_430",
    "http_json",
]
"""Sensor drivers that exist."""

INPUT_SUFFIXES: Mapping[str, Mapping[str, str]] = {
    "lakeshore_336": dict.fromkeys("ABCD", "_k"),
    "lakeshore_372": {str(number): "_k" for number in range(1, 17)} | {"A": "_k"},
    "lakeshore_425": {"1": "_tesla"},
    "lakeshore_475": {"1": "_tesla"},
    "ami_430": {
        "field": "_tesla",
        "target_field": "_tesla",
        "current": "_a",
        "supply_current": "_a",
        "supply_voltage": "_v",
    },
}
"""Driver to its inputs, each with the suffix of what it reads; the rest takes any."""


class SensorConfig(ConnectionConfig):
    """One thermometer bridge, gaussmeter, magnet supply or position read-out."""

    driver: DriverName
    period_s: Positive = 5.0
    readings: Annotated[
        dict[str, Name],
        Field(min_length=1, description="Input of the sensor to name of the reading."),
    ]
    units: Annotated[
        dict[str, str],
        Field(description="Input of an http_json sensor to the unit that it tells."),
    ] = Field(default_factory=dict)
    cavity: Annotated[
        Name | None, Field(description="Cavity that it belongs to; absent for all.")
    ] = None

    def suffix_of(self, channel: str) -> str | None:
        """Return the suffix of what an input reads, None where any will do."""
        return INPUT_SUFFIXES.get(self.driver, {}).get(channel)

    def factor_of(self, channel: str) -> float:
        """Return by what the number of an input is multiplied to be in SI."""
        if channel not in self.units:
            return 1.0
        return UNIT_FACTORS[_suffix(self.readings[channel])][self.units[channel]]

    @model_validator(mode="after")
    def _speaks_its_protocol(self) -> Self:
        is_http = self.resource.lower().startswith("http")
        if is_http != (self.driver == "http_json"):
            wanted = "a VISA resource" if is_http else "http://HOST:PORT/PATH"
            raise MisfitError(
                ("resource",), f"{self.driver} takes {wanted}, not {self.resource}"
            )
        return self

    @model_validator(mode="after")
    def _names_its_inputs(self) -> Self:
        inputs = INPUT_SUFFIXES.get(self.driver)
        for channel, reading in self.readings.items():
            where = ("readings", channel)
            if inputs is not None and channel not in inputs:
                listed = ", ".join(inputs)
                raise MisfitError(
                    where, f"{self.driver} has no such input; it has {listed}"
                )
            suffix = self.suffix_of(channel)
            if suffix is not None and not reading.endswith(suffix):
                raise MisfitError(
                    where,
                    f"{reading} must end in {suffix}, the unit that {self.driver} "
                    "reads",
                )
            if not reading.endswith(UNIT_SUFFIXES):
                raise MisfitError(
                    where, f"{reading} must end in its unit, for instance _m or _k"
                )
        return self

    @model_validator(mode="after")
    def _knows_its_units(self) -> Self:
        for channel, unit in self.units.items():
            where = ("units", channel)
            if self.driver != "http_json":
                raise MisfitError(
                    where, f"{self.driver} tells its unit itself; take units out"
                )
            if channel not in self.readings:
                raise MisfitError(where, "is no key of readings; name one of those")
            known = UNIT_FACTORS[_suffix(self.readings[channel])]
            if unit not in known:
                raise MisfitError(
                    where,
                    f"{unit} is no unit of {self.readings[channel]}; "
                    f"name one of {', '.join(known)}",
                )
        return self


def _suffix(name: str) -> str:
    return max((one for one in UNIT_SUFFIXES if name.endswith(one)), key=len)
