"""Section of an RF switch: its elements, their positions, its habits."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from instruments.array.connection import ConnectionConfig
from instruments.array.misfit import MisfitError
from instruments.array.values import Count, Flag, NonNegative, Text

SwitchDriverName = Literal[
    "mini_circuits_http",
    "mini_circuits_telnet",
    "keysight_34980a",
    "keysight_l44xx",
    "dow_key",
]
"""Switch drivers that exist."""

ALL_OPEN = "0"
"""Position in which an element connects nothing, where it has one."""

_ELEMENT_NAMES = {
    "mini_circuits_http": re.compile(r"[A-H]"),
    "mini_circuits_telnet": re.compile(r"[A-H]"),
    "dow_key": re.compile(r"[1-9]\d?"),
}
_MINI_CIRCUITS_COUNTS = (2, 4, 6)

Channel = Annotated[int, Field(strict=True, ge=1, le=99_999)]
PositionCount = Annotated[int, Field(strict=True, ge=2, le=32)]


class SwitchConfig(ConnectionConfig):
    """One box of RF switches."""

    driver: SwitchDriverName
    elements: Annotated[
        dict[Text, PositionCount | dict[Text, tuple[Channel, ...]]],
        Field(
            min_length=1,
            description="Element to how many positions it has; for a Keysight unit to "
            "its positions, each with the channels that are closed in it.",
        ),
    ]
    settle_time_s: Annotated[
        NonNegative, Field(le=10, description="Wait after the last move.")
    ] = 0.05
    read_back: Annotated[
        Flag,
        Field(description="Whether the box tells positions; else they are assumed."),
    ] = True
    hot_switching: Annotated[
        Flag, Field(description="Whether it may move while the source is on.")
    ] = False
    max_actuation_count: Annotated[
        Count, Field(description="Moves of one element before a warning.")
    ] = 1_000_000

    @property
    def counts_positions(self) -> bool:
        """Whether elements are given by a number of positions."""
        return not self.driver.startswith("keysight_")

    def positions_of(self, element: str) -> tuple[str, ...]:
        """Return the positions that a route may name."""
        section = self.elements[element]
        if isinstance(section, dict):
            return tuple(section)
        numbers = tuple(str(number) for number in range(1, section + 1))
        return numbers if section == 2 else (ALL_OPEN, *numbers)

    @model_validator(mode="after")
    def _fits_its_driver(self) -> Self:
        if (self.driver == "mini_circuits_http") != self.resource.startswith("http://"):
            raise MisfitError(
                ("resource",),
                f"{self.resource} does not fit {self.driver}; it takes "
                + (
                    "http://HOST:PORT"
                    if self.driver == "mini_circuits_http"
                    else "a VISA resource such as TCPIP::10.0.0.41::23::SOCKET"
                ),
            )
        for name, section in self.elements.items():
            self._check_element(name, section)
        return self

    def _check_element(
        self, name: str, section: int | dict[str, tuple[int, ...]]
    ) -> None:
        where = ("elements", name)
        pattern = _ELEMENT_NAMES.get(self.driver)
        if pattern is not None and not pattern.fullmatch(name):
            raise MisfitError(
                where, f"{self.driver} names its elements {_example(self.driver)}"
            )
        if isinstance(section, int) is not self.counts_positions:
            raise MisfitError(
                where,
                "takes a number of positions"
                if self.counts_positions
                else "takes its positions, each with the channels closed in it, "
                'for instance {"1": [1101], "2": [1102]}',
            )
        if (
            self.driver.startswith("mini_circuits")
            and section not in _MINI_CIRCUITS_COUNTS
        ):
            raise MisfitError(where, "takes 2 (SPDT), 4 (SP4T) or 6 (SP6T) positions")
        if isinstance(section, dict) and len(section) < 2:
            raise MisfitError(where, "needs at least two positions")


def _example(driver: str) -> str:
    return "by numbers from 1" if driver == "dow_key" else "by letters A to H"
