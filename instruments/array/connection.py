"""Sections of what has a wire: how it is reached, and the VNAs."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from instruments.array.misfit import MisfitError
from instruments.array.values import (
    Count,
    Flag,
    Frequency,
    Positive,
    PowerLevel,
    Section,
    Text,
)

_ADDRESS = re.compile(
    r"(?:TCPIP|USB|GPIB|ASRL|VXI|PXI|VICP)\d*(?:::|/)|https?://[^/\s]", re.IGNORECASE
)

DialectName = Literal[
    "auto",
    "keysight_pna",
    "keysight_measurement",
    "keysight_ena",
    "copper_mountain",
    "siglent_sna",
    "anritsu_shockline",
    "rohde_schwarz",
    "librevna",
]
"""Command sets of VNAs; ``auto`` chooses by ``*IDN?``."""


def _word_of_switch(value: object) -> object:
    """Take YAML 1.1's truth values back for the words that stood there."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


class ConnectionConfig(Section):
    """Where an instrument is reached, through which VISA, and how patiently."""

    resource: Annotated[
        Text,
        Field(
            description="VISA resource, HiSLIP or SOCKET, with its port; "
            "http://HOST:PORT where the driver speaks HTTP."
        ),
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
    expected_serial: Annotated[
        Text | None,
        Field(description="Serial number of *IDN?; another instrument is refused."),
    ] = None

    @model_validator(mode="after")
    def _is_addressed(self) -> Self:
        # The vendor's library knows aliases too, which may be any word.
        if self.backend == "@py" and not _ADDRESS.match(self.resource):
            raise MisfitError(
                ("resource",),
                f"{self.resource} is no VISA resource; write it like "
                "TCPIP::10.0.0.11::hislip0::INSTR, or as http://HOST:PORT where the "
                "driver speaks HTTP",
            )
        return self


class ReferenceOscillatorConfig(Section):
    """The 10 MHz that a VNA shall be locked to."""

    source: Literal["internal", "external"] = "internal"
    frequency_hz: Frequency = 10.0e6
    require_lock: Annotated[
        Flag, Field(description="Whether a sweep without lock is flagged.")
    ] = False


class VnaConfig(ConnectionConfig):
    """One vector network analyzer."""

    dialect: Annotated[
        DialectName, Field(description="Command set; auto chooses by *IDN?.")
    ] = "auto"
    preset_on_connect: Annotated[
        Flag, Field(description="Whether everything is preset first.")
    ] = False
    restore_on_release: Annotated[
        Flag, Field(description="Whether the front panel is given back as found.")
    ] = True
    rf_idle: Annotated[
        Literal["on", "off", "hold"],
        BeforeValidator(_word_of_switch),
        Field(
            description="Source between sweeps: on, off, or left alone with the "
            "sweep held."
        ),
    ] = "hold"
    max_source_power_dbm: Annotated[
        PowerLevel | None,
        Field(description="Sweeps that ask for more are refused."),
    ] = None
    max_point_count: Annotated[
        Count | None, Field(description="Points that the instrument can take.")
    ] = None
    reference: ReferenceOscillatorConfig | None = None
