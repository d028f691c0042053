"""Section of a cavity: what looks at it, and what it should look like."""

from typing import Annotated

from pydantic import Field

from instruments.array.values import (
    Flag,
    Frequency,
    Name,
    Port,
    Positive,
    Section,
    Text,
)


class ExpectedConfig(Section):
    """The mode as designed: where to look before a fit is known."""

    resonant_frequency_hz: Frequency
    loaded_q: Positive
    coupling_beta: Positive | None = None


class CavityConfig(Section):
    """One cavity and what looks at it."""

    vna: Name
    expected: ExpectedConfig
    title: Text | None = None
    enabled: Flag = True
    route: Annotated[
        Name | None,
        Field(description="Route that is set before each of its sweeps."),
    ] = None
    routes: Annotated[
        dict[Name, Name],
        Field(description="Sweep to the route that it takes in place of route."),
    ] = Field(default_factory=dict)
    ports: Annotated[
        dict[Port, Port],
        Field(description="Port of the cavity's S-parameters to port of the VNA."),
    ] = Field(default_factory=dict)
    thermal_cycle: Text | None = None
    temperature_limit_k: Positive | None = None
    magnetic_field_limit_tesla: Positive | None = None
    conditions: Annotated[
        dict[Name, Name],
        Field(description="Condition of a sweep to the reading that it is taken from."),
    ] = Field(default_factory=dict)

    def route_of(self, sweep_name: str) -> str | None:
        """Return the route of one sweep, None where nothing is switched."""
        return self.routes.get(sweep_name, self.route)
