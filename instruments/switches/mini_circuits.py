"""Mini-Circuits RC switch boxes, by HTTP or Telnet: the same words on both.

Source: Mini-Circuits, programming manual of the RC series: ``MN?``, ``SN?``,
``SWPORT?``, ``SETx=``, ``SPnTx:STATE``.
"""

from collections.abc import Mapping

from instruments.errors import (
    GarbledReplyError,
    IdentityMismatchError,
    SettingRefusedError,
)
from instruments.measurement import InstrumentIdentity
from instruments.switches.driver import SwitchDriver
from instruments.transport import Wire

_LETTERS = "ABCDEFGH"


class MiniCircuitsSwitch(SwitchDriver):
    """An RC box; its elements break before they make.

    Parameters
    ----------
    wire
        HTTP or Telnet.
    elements
        Letter to number of positions: 2 (SPDT), 4 (SP4T) or 6 (SP6T).
    """

    def __init__(self, wire: Wire, elements: Mapping[str, int]) -> None:
        self._wire = wire
        self._elements = dict(elements)

    def connect(self) -> InstrumentIdentity:
        """Ask for model, serial number and firmware."""
        identity = InstrumentIdentity(
            vendor="Mini-Circuits",
            model=self._ask("MN?", "MN"),
            serial=self._ask("SN?", "SN"),
            firmware=self._ask("FIRMWARE?", "FIRMWARE"),
        )
        for element, count in self._elements.items():
            kind = "SPDT" if count == 2 else f"SP{count}T"
            if kind not in (identity.model or ""):
                raise IdentityMismatchError(
                    f"{identity.model} answers, the array file has element {element} "
                    f"as {kind}"
                )
        return identity

    def positions(self) -> Mapping[str, str | None]:
        """Read where the elements are."""
        found: dict[str, str | None] = {}
        port_mask: int | None = None
        for element, count in self._elements.items():
            if count == 2:
                if port_mask is None:
                    port_mask = _whole(self._ask("SWPORT?", "SWPORT"))
                found[element] = str((port_mask >> _LETTERS.index(element) & 1) + 1)
            else:
                reply = self._ask(f"SP{count}T{element}:STATE?", "STATE")
                state = _whole(reply)
                found[element] = str(state) if state <= count else None
        return found

    def release(self, element: str) -> None:
        """Do nothing: the relays break before they make."""

    def move(self, element: str, position: str) -> None:
        """Bring an element to a position."""
        count = self._elements[element]
        command = (
            f"SET{element}={int(position) - 1}"
            if count == 2
            else f"SP{count}T{element}:STATE:{position}"
        )
        reply = self._wire.query(command).strip()
        if reply.split("=")[-1].strip() != "1":
            raise SettingRefusedError(f"{command} was answered with {reply[:40]!r}")

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def _ask(self, question: str, name: str) -> str:
        reply = self._wire.query(question).strip()
        value = reply.removeprefix(f"{name}=").strip()
        if not value or not value.isprintable() or len(value) > 60:
            raise GarbledReplyError(f"{question} was answered with {reply[:40]!r}")
        return value


def _whole(text: str) -> int:
    value = text.rsplit("=", maxsplit=1)[-1].strip()
    if not value.isascii() or not value.isdigit() or len(value) > 4:
        raise GarbledReplyError(f"{text[:40]!r} is no position")
    return int(value)
