"""Dow-Key matrices: numbered switches with numbered positions.

Source: Dow-Key Microwave, command set of the LAN matrices: ``ROUTE:SWITCHx y``,
``ROUTE:SWITCHx?``, ``*OPC?`` (1 once nothing moves).
"""

from collections.abc import Mapping

from instruments.clock import Clock
from instruments.errors import GarbledReplyError, InstrumentTimeoutError
from instruments.measurement import InstrumentIdentity
from instruments.scpi import parse_identity
from instruments.switches.driver import SwitchDriver
from instruments.transport import Wire

_PAUSE_S = 0.02
_MAX_ASKS = 100


class DowKeySwitch(SwitchDriver):
    """A matrix whose switches break before they make.

    Parameters
    ----------
    wire
        The session.
    elements
        Number of a switch to how many positions it has.
    clock
        Waits between two questions.
    """

    def __init__(self, wire: Wire, elements: Mapping[str, int], clock: Clock) -> None:
        self._wire = wire
        self._elements = dict(elements)
        self._clock = clock

    def connect(self) -> InstrumentIdentity:
        """Identify the matrix."""
        return parse_identity(self._wire.query("*IDN?"))

    def positions(self) -> Mapping[str, str | None]:
        """Read where the switches are."""
        return {
            element: self._position(element, count)
            for element, count in self._elements.items()
        }

    def release(self, element: str) -> None:
        """Do nothing: the switches break before they make."""

    def move(self, element: str, position: str) -> None:
        """Bring a switch to a position and wait until nothing moves."""
        self._wire.write(f"ROUTE:SWITCH{element} {position}")
        for _ in range(_MAX_ASKS):
            reply = self._wire.query("*OPC?").strip().lstrip("+")
            if reply == "1":
                return
            if reply != "0":
                raise GarbledReplyError(f"*OPC? was answered with {reply[:40]!r}")
            self._clock.sleep(_PAUSE_S)
        raise InstrumentTimeoutError(f"switch {element} is still moving")

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def _position(self, element: str, count: int) -> str | None:
        reply = self._wire.query(f"ROUTE:SWITCH{element}?").strip()
        if not reply.isascii() or not reply.isdigit():
            raise GarbledReplyError(f"{reply[:40]!r} is no position")
        return str(int(reply)) if int(reply) <= count else None
