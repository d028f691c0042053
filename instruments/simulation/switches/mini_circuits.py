"""A Mini-Circuits RC box: the words that it answers over HTTP and Telnet."""

import re
import zlib

from instruments.simulation.switches.box import SwitchBox

REFUSED = "0"
"""Answer to a command that cannot be carried out."""

UNKNOWN = "-99 Unrecognized Command. Model=RC"
"""Answer to what is no command."""

_LETTERS = "ABCDEFGH"
_SET = re.compile(r"SET([A-H])=([01])")
_SET_ALL = re.compile(r"SETP=(\d{1,10})")
_STATE = re.compile(r"SP([46])T([A-H]):STATE(?::(\d)|(\?))")


class MiniCircuitsBox:
    """SPDT elements by bits of a mask, SP4T and SP6T elements by their state.

    It tells at once what was asked for, while the relay is still on its way.

    Parameters
    ----------
    box
        The relays; all elements with the same number of positions.
    name
        Name of the switch in the array file; its serial number follows from it.
    """

    def __init__(self, box: SwitchBox, name: str) -> None:
        self._box = box
        ways = max(int(box.positions_of(one)[-1]) for one in box.elements)
        kind = "SPDT" if ways == 2 else f"SP{ways}T"
        self.model = f"RC-{len(box.elements)}{kind}-A18"
        self.serial = f"1{zlib.crc32(name.encode()) % 10**10:010d}"

    def answer(self, text: str) -> str:
        """Carry out one command and return what the box says."""
        command = text.strip().upper()
        fixed = {
            "MN?": f"MN={self.model}",
            "SN?": f"SN={self.serial}",
            "FIRMWARE?": "FIRMWARE=C8",
            "SWPORT?": str(self._mask()),
        }
        if command in fixed:
            return fixed[command]
        if match := _SET.fullmatch(command):
            return self._move(match[1], str(int(match[2]) + 1))
        if match := _SET_ALL.fullmatch(command):
            return self._set_all(int(match[1]))
        if match := _STATE.fullmatch(command):
            return self._state(match[1], match[2], match[3])
        return UNKNOWN

    def _move(self, element: str, position: str) -> str:
        if element not in self._box.elements:
            return REFUSED
        if position not in self._box.positions_of(element):
            return REFUSED
        self._box.move(element, position)
        return "1"

    def _state(self, ways: str, element: str, position: str | None) -> str:
        known = element in self._box.elements
        if not known or self._box.positions_of(element)[-1] != ways:
            return REFUSED
        if position is None:
            return self._box.told(element, is_register=True)
        return self._move(element, position)

    def _mask(self) -> int:
        """SPDT: a bit an element. SP4T: a nibble an element, one of its bits set."""
        mask = 0
        for element in self._box.elements:
            index = _LETTERS.index(element)
            told = int(self._box.told(element, is_register=True))
            if len(self._box.positions_of(element)) == 2:
                mask |= (told - 1) << index
            elif told:
                mask |= 1 << (4 * index + told - 1)
        return mask

    def _set_all(self, mask: int) -> str:
        for element in self._box.elements:
            index = _LETTERS.index(element)
            if len(self._box.positions_of(element)) == 2:
                self._move(element, str((mask >> index & 1) + 1))
            else:
                nibble = mask >> (4 * index) & 15
                self._move(element, str(nibble.bit_length()))
        return "1"
