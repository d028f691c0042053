"""Keysight 34980A and L44xx: an element is a group of relay channels.

Sources: Keysight 34980A and L4400 command references: ``ROUTe:CLOSe``, ``ROUTe:OPEN``,
``ROUTe:CLOSe?`` (the indicator contacts, where verification is on).
"""

from collections.abc import Iterable, Mapping

from instruments.errors import (
    GarbledReplyError,
    IdentityMismatchError,
    SettingRefusedError,
)
from instruments.measurement import InstrumentIdentity
from instruments.scpi import parse_error_entry, parse_identity
from instruments.switches.driver import SwitchDriver
from instruments.transport import Wire

_MAX_ENTRIES = 20

MODELS: Mapping[str, str] = {"keysight_34980a": "34980A", "keysight_l44xx": "L44"}
"""Driver name to what the model's name begins with."""


class KeysightSwitch(SwitchDriver):
    """A switch unit whose channels are closed and opened one by one.

    Parameters
    ----------
    wire
        The session.
    model
        What the model's name begins with.
    elements
        Element to its positions, each with the channels that are closed in it.
    """

    def __init__(
        self,
        wire: Wire,
        model: str,
        elements: Mapping[str, Mapping[str, tuple[int, ...]]],
    ) -> None:
        self._wire = wire
        self._model = model
        self._elements = {name: dict(one) for name, one in elements.items()}

    def connect(self) -> InstrumentIdentity:
        """Identify the unit and empty its error queue."""
        identity = parse_identity(self._wire.query("*IDN?"))
        if not (identity.model or "").startswith(self._model):
            raise IdentityMismatchError(
                f"{identity.vendor} {identity.model} answers, the array file names a "
                f"{self._model}"
            )
        self._drain_errors()
        return identity

    def positions(self) -> Mapping[str, str | None]:
        """Read which channels are closed, and find the positions that they make."""
        channels = sorted(set().union(*map(self._channels, self._elements)))
        reply = self._wire.query(f"ROUT:CLOS? {_channel_list(channels)}")
        flags = [flag.strip() for flag in reply.split(",")]
        if len(flags) != len(channels) or not set(flags) <= {"0", "1"}:
            raise GarbledReplyError(
                f"{len(channels)} channels were asked for, {reply[:60]!r} came"
            )
        closed = {
            channel
            for channel, flag in zip(channels, flags, strict=True)
            if flag == "1"
        }
        return {name: self._position(name, closed) for name in self._elements}

    def release(self, element: str) -> None:
        """Open every channel of an element."""
        self._send(f"ROUT:OPEN {_channel_list(self._channels(element))}")

    def move(self, element: str, position: str) -> None:
        """Open the channels of the other positions, then close those of this one."""
        wanted = self._elements[element][position]
        others = self._channels(element) - set(wanted)
        if others:
            self._send(f"ROUT:OPEN {_channel_list(others)}")
        if wanted:
            self._send(f"ROUT:CLOS {_channel_list(wanted)}")

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def _channels(self, element: str) -> set[int]:
        return {one for group in self._elements[element].values() for one in group}

    def _position(self, element: str, closed: set[int]) -> str | None:
        mine = closed & self._channels(element)
        for position, group in self._elements[element].items():
            if set(group) == mine:
                return position
        return None

    def _send(self, command: str) -> None:
        done = self._wire.query(f"{command};*OPC?").strip().lstrip("+")
        if done != "1":
            raise GarbledReplyError(f"*OPC? was answered with {done[:40]!r}")
        if entries := self._drain_errors():
            raise SettingRefusedError(f"{command}: {'; '.join(entries)}")

    def _drain_errors(self) -> list[str]:
        entries: list[str] = []
        for _ in range(_MAX_ENTRIES):
            entry = parse_error_entry(self._wire.query("SYST:ERR?"))
            if entry.error_code == 0:
                return entries
            entries.append(str(entry))
        return entries


def _channel_list(channels: Iterable[int]) -> str:
    return f"(@{','.join(str(channel) for channel in sorted(channels))})"
