"""Switch units that speak SCPI: Keysight 34980A and L44xx, Dow-Key matrices."""

import zlib
from collections.abc import Callable

from instruments.simulation.scpi.device import Call, ScpiDevice
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.switches.box import SwitchBox


class KeysightUnit(ScpiDevice):
    """Relay channels that are closed and opened by ``ROUTe`` commands.

    Every channel is an element of its box, ``0`` open and ``1`` closed.

    Parameters
    ----------
    box
        The relays, named by channel numbers.
    model
        ``34980A`` or ``L4445A``.
    name
        Name of the switch in the array file; its serial number follows from it.
    """

    def __init__(self, box: SwitchBox, model: str, name: str) -> None:
        self.serial = f"MY{zlib.crc32(name.encode()) % 10**8:08d}"
        super().__init__(f"AGILENT TECHNOLOGIES,{model},{self.serial},2.43-2.42-0.00")
        self._box = box
        self.add("ROUTe:CLOSe", query=self._tell("1"), command=self._act("1"))
        self.add("ROUTe:OPEN", query=self._tell("0"), command=self._act("0"))
        self.add("ROUTe:OPEN:ALL", command=self._open_all)
        self.add("SYSTem:CTYPe", query=self._card)
        self.add("SYSTem:CDEScription", query=self._card)

    def _act(self, position: str) -> Callable[[Call], None]:
        def act(call: Call) -> None:
            for channel in self._channels(call):
                self._box.move(channel, position)

        return act

    def _tell(self, position: str) -> Callable[[Call], str]:
        def tell(call: Call) -> str:
            told = [self._box.told(one) == position for one in self._channels(call)]
            return ",".join(str(int(one)) for one in told)

        return tell

    def _open_all(self, call: Call) -> None:
        while len(call.arguments):
            call.arguments.text()
        for channel in self._box.elements:
            self._box.move(channel, "0")

    def _card(self, call: Call) -> str:
        slot = call.arguments.integer(1, 8)
        return f"AGILENT TECHNOLOGIES,{34945 if slot == 1 else 0},0,0.0"

    def _channels(self, call: Call) -> list[str]:
        texts: list[str] = []
        while len(call.arguments):
            texts.append(call.arguments.text().strip())
        joined = ",".join(texts)
        if not joined.startswith("(@") or not joined.endswith(")"):
            raise ScpiFault(-104, "Data type error", joined[:40])
        channels = [one.strip() for one in joined[2:-1].split(",")]
        for channel in channels:
            if channel not in self._box.elements:
                raise ScpiFault(-222, "Data out of range", channel[:20])
        return channels


class DowKeyMatrix(ScpiDevice):
    """Numbered switches: ``ROUTE:SWITCH2 4``, and ``*OPC?`` that answers at once.

    Parameters
    ----------
    box
        The relays, named by numbers.
    name
        Name of the switch in the array file; its serial number follows from it.
    """

    def __init__(self, box: SwitchBox, name: str) -> None:
        self.serial = f"DK{zlib.crc32(name.encode()) % 10**6:06d}"
        super().__init__(f"DOW-KEY MICROWAVE,MS-LAN,{self.serial},1.4")
        self._box = box
        self.add("ROUTe:SWITCH#", query=self._tell, command=self._move)
        self.add("*OPC", query=lambda _: str(int(not box.is_moving)))

    def _move(self, call: Call) -> None:
        element = self._element(call)
        position = str(call.arguments.integer(0, 99))
        if position not in self._box.positions_of(element):
            raise ScpiFault(-222, "Data out of range", position)
        self._box.move(element, position)

    def _tell(self, call: Call) -> str:
        return self._box.told(self._element(call))

    def _element(self, call: Call) -> str:
        element = str(call.suffixes[0])
        if element not in self._box.elements:
            raise ScpiFault(-114, "Header suffix out of range", element)
        return element
