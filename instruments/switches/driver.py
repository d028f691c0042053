"""What the router asks of a box of RF switches, whoever made it."""

from collections.abc import Mapping
from typing import Protocol

from instruments.measurement import InstrumentIdentity


class SwitchDriver(Protocol):
    """One box at the end of a wire; used by one thread at a time.

    Every call ends within finite time. After any error the driver is dead: close it
    and connect another one.
    """

    def connect(self) -> InstrumentIdentity:
        """Identify the box; moves nothing.

        Raises
        ------
        IdentityMismatchError
            If the box is none that this driver speaks to.
        InstrumentError
            If it does not answer as it should.
        """
        ...

    def positions(self) -> Mapping[str, str | None]:
        """Read where the elements are; None where one is in none of its positions."""
        ...

    def release(self, element: str) -> None:
        """Open what an element connects, where the box does not do so by itself."""
        ...

    def move(self, element: str, position: str) -> None:
        """Bring an element to a position.

        Raises
        ------
        InstrumentError
            If the box refuses, or does not answer.
        """
        ...

    def close(self) -> None:
        """Hang up; closing twice is no error."""
        ...
