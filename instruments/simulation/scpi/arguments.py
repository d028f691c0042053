"""Parameters of commands: numbers with units, choices, truth values, strings."""

import math
import re
from functools import lru_cache

from instruments.simulation.scpi.errors import ScpiFault

_NUMBER = re.compile(
    r"(?P<value>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[A-Za-z]*)"
)
_UNITS = {
    "": 1.0,
    "HZ": 1.0,
    "KHZ": 1e3,
    "MHZ": 1e6,
    "GHZ": 1e9,
    "S": 1.0,
    "MS": 1e-3,
    "US": 1e-6,
    "DBM": 1.0,
}


@lru_cache(maxsize=1024)
def _forms(pattern: str) -> tuple[str, str]:
    """Return the short and the long form of a word, in capitals."""
    return "".join(c for c in pattern if not c.islower()), pattern.upper()


class Arguments:
    """The parameters of one command, taken from left to right."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._texts = list(texts)

    def __len__(self) -> int:
        return len(self._texts)

    def text(self) -> str:
        """Take the next parameter as it stands.

        Raises
        ------
        ScpiFault
            If there is none.
        """
        if not self._texts or not self._texts[0]:
            raise ScpiFault(-109, "Missing parameter")
        return self._texts.pop(0)

    def string(self) -> str:
        """Take a string, with or without quotes."""
        text = self.text()
        if text[0] in "'\"":
            if len(text) < 2 or text[-1] != text[0]:
                raise ScpiFault(-151, "Invalid string data", text[:40])
            return text[1:-1]
        return text

    def number(self, lowest: float, highest: float) -> float:
        """Take a number with an optional unit, or MIN or MAX.

        Raises
        ------
        ScpiFault
            If it is no number, or out of range.
        """
        text = self.text()
        if text.upper() in ("MIN", "MINIMUM"):
            return lowest
        if text.upper() in ("MAX", "MAXIMUM"):
            return highest
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise ScpiFault(-104, "Data type error", text[:40])
        unit = match["unit"].upper()
        if unit not in _UNITS:
            raise ScpiFault(-131, "Invalid suffix", text[:40])
        value = float(match["value"]) * _UNITS[unit]
        if not math.isfinite(value) or not lowest <= value <= highest:
            raise ScpiFault(-222, "Data out of range", text[:40])
        return value

    def integer(self, lowest: int, highest: int) -> int:
        """Take a whole number; a fraction is rounded, as instruments do."""
        return round(self.number(lowest, highest))

    def truth(self) -> bool:
        """Take ON, OFF, 1 or 0."""
        text = self.text().upper()
        if text in ("ON", "1"):
            return True
        if text in ("OFF", "0"):
            return False
        raise ScpiFault(-224, "Illegal parameter value", text[:40])

    def choice(self, *patterns: str) -> str:
        """Take one of some words and return its short form.

        Parameters
        ----------
        patterns
            Words with their short form in capitals, such as ``CONTinuous``.
        """
        text = self.text().upper()
        for pattern in patterns:
            short, long = _forms(pattern)
            if text in (short, long):
                return short
        raise ScpiFault(-224, "Illegal parameter value", text[:40])

    def nothing_more(self) -> None:
        """Refuse parameters that are left.

        Raises
        ------
        ScpiFault
            If there are any.
        """
        if self._texts:
            raise ScpiFault(-108, "Parameter not allowed", self._texts[0][:40])
