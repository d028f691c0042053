"""Program messages as steps: which handler, which suffixes, which parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.scpi.grammar import (
    Spelling,
    Unit,
    parse_message,
    spellings,
)

_REMEMBERED_PROGRAMS = 1024
_REMEMBERED_BYTES = 1024

Handler: TypeAlias = Callable[[Any], Any]
"""What carries out one command or question."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a message with what carries it out.

    Attributes
    ----------
    suffixes
        Numeric suffixes, in the order of the pattern's ``#``.
    texts
        Parameters as they were sent.
    """

    handler: Handler
    suffixes: tuple[int, ...]
    texts: tuple[str, ...]


Program: TypeAlias = tuple[tuple[Step, ...], ScpiFault | None]
"""The steps of a message, and the error that ends them before their time."""


class CommandTable:
    """The patterns that a device understands."""

    def __init__(self) -> None:
        self._found: dict[tuple[bool, tuple[str, ...]], tuple[Spelling, Handler]] = {}
        self._programs: dict[bytes, Program] = {}

    def add(self, pattern: str, handler: Handler, *, is_query: bool) -> None:
        """Add or replace a pattern such as ``SENSe#:AVERage[:STATe]``."""
        self._programs.clear()
        for spelling in spellings(pattern):
            self._found[is_query, spelling.mnemonics] = (spelling, handler)

    def read(self, message: bytes) -> Program:
        """Read a message; one that is sent again and again is read once."""
        known = self._programs.get(message)
        if known is not None:
            return known
        program = self._read(message)
        if len(message) <= _REMEMBERED_BYTES:
            if len(self._programs) >= _REMEMBERED_PROGRAMS:
                self._programs.clear()
            self._programs[message] = program
        return program

    def _read(self, message: bytes) -> Program:
        try:
            units, broken = parse_message(message.decode("ascii"))
        except UnicodeDecodeError:
            return (), ScpiFault(-101, "Invalid character")
        steps: list[Step] = []
        for unit in units:
            try:
                steps.append(self._find(unit))
            except ScpiFault as fault:
                return tuple(steps), fault.with_traceback(None)
        return tuple(steps), broken

    def _find(self, unit: Unit) -> Step:
        header = unit.header
        found = self._found.get((header.is_query, header.mnemonics))
        if found is None:
            raise ScpiFault(-113, "Undefined header", str(header)[:60])
        spelling, handler = found
        return Step(handler, spelling.suffixes(header), unit.arguments)
