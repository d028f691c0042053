"""The grammar of program messages (IEEE 488.2 chapter 7, SCPI-99 volume 1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from instruments.simulation.scpi.errors import ScpiFault

MAX_UNITS = 256
"""Most commands that one message may hold."""

_REMEMBERED_LENGTH = 1024

_NODE = re.compile(r"(\[)?:?(\*?[A-Za-z]+)(#)?(\])?")
_MNEMONIC = re.compile(r"(\*?[A-Za-z_]+)(\d*)")
_UNIT = re.compile(r"(?P<header>[^\s?]+)(?P<query>\?)?(?:\s+(?P<rest>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Header:
    """A header as sent: mnemonics in capitals and their numeric suffixes.

    Attributes
    ----------
    mnemonics
        From the root, without suffixes.
    suffixes
        One for each mnemonic, None where it has none.
    is_query
        Whether it ends in a question mark.
    """

    mnemonics: tuple[str, ...]
    suffixes: tuple[int | None, ...]
    is_query: bool

    def __str__(self) -> str:
        """Write the header as it would be sent."""
        nodes = (
            f"{name}{'' if suffix is None else suffix}"
            for name, suffix in zip(self.mnemonics, self.suffixes, strict=True)
        )
        return ":".join(nodes) + ("?" if self.is_query else "")


@dataclass(frozen=True, slots=True)
class Unit:
    """One command of a message: its header and its parameters, quotes kept."""

    header: Header
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a pattern: capital mnemonics, and where suffixes may stand.

    Attributes
    ----------
    slots
        For each mnemonic the position of its suffix among the pattern's, or None.
    slot_count
        Suffixes of the pattern, those of left-out nodes included.
    """

    mnemonics: tuple[str, ...]
    slots: tuple[int | None, ...]
    slot_count: int

    def suffixes(self, header: Header) -> tuple[int, ...]:
        """Return the pattern's suffixes, 1 where none was sent.

        Raises
        ------
        ScpiFault
            If a suffix stands where none may.
        """
        found = [1] * self.slot_count
        for slot, suffix in zip(self.slots, header.suffixes, strict=True):
            if suffix is None:
                continue
            if slot is None:
                raise ScpiFault(-114, "Header suffix out of range", str(header))
            found[slot] = suffix
        return tuple(found)


@lru_cache(maxsize=4096)
def spellings(pattern: str) -> tuple[Spelling, ...]:
    """List every spelling of a pattern such as ``SENSe#:AVERage[:STATe]``.

    Capitals are the short form, ``#`` marks a numeric suffix, brackets an optional
    node.
    """
    choices: list[list[tuple[str, int | None] | None]] = []
    slot = 0
    for optional, name, numbered, _ in _NODE.findall(pattern):
        forms = {name.upper(), "".join(c for c in name if not c.islower())}
        place = slot if numbered else None
        slot += bool(numbered)
        node: list[tuple[str, int | None] | None] = [(f, place) for f in sorted(forms)]
        choices.append([*node, None] if optional else node)
    written: list[Spelling] = []
    for chosen in product(*choices):
        nodes = [node for node in chosen if node is not None]
        spelling = Spelling(
            mnemonics=tuple(name for name, _ in nodes),
            slots=tuple(place for _, place in nodes),
            slot_count=slot,
        )
        written.append(spelling)
    return tuple(written)


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split a text at a separator that stands outside quotes."""
    parts, start, quote = [], 0, ""
    for index, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == separator:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return parts


def parse_units(message: str) -> Iterator[Unit]:
    """Read the commands of a message, with the memory of the command tree.

    A header without a leading colon continues where the one before it stood; common
    commands leave that memory alone.

    Raises
    ------
    ScpiFault
        If a command is no command, or the message is too long.
    """
    branch: tuple[tuple[str, int | None], ...] = ()
    texts = split_outside_quotes(message, ";")
    if len(texts) > MAX_UNITS:
        raise ScpiFault(-223, "Too much data", f"{len(texts)} commands")
    for text in texts:
        if not text.strip():
            continue
        header, arguments = _parse_unit(text.strip(), branch)
        if not header.mnemonics[0].startswith("*"):
            nodes = zip(header.mnemonics, header.suffixes, strict=True)
            branch = tuple(nodes)[:-1]
        yield Unit(header, arguments)


def parse_message(message: str) -> tuple[tuple[Unit, ...], ScpiFault | None]:
    """Read the commands of a message up to the first that is none, and what is wrong.

    Returns
    -------
    tuple
        Commands that can be executed, and the error that ends them or None.
    """
    if len(message) > _REMEMBERED_LENGTH:
        return _parse_message(message)
    return _remember_message(message)


def _parse_message(message: str) -> tuple[tuple[Unit, ...], ScpiFault | None]:
    units: list[Unit] = []
    try:
        units.extend(parse_units(message))
    except ScpiFault as fault:
        return tuple(units), fault
    return tuple(units), None


_remember_message = lru_cache(maxsize=1024)(_parse_message)


def _parse_unit(
    text: str, branch: tuple[tuple[str, int | None], ...]
) -> tuple[Header, tuple[str, ...]]:
    match = _UNIT.fullmatch(text)
    if match is None:
        raise ScpiFault(-102, "Syntax error", text[:60])
    written = match["header"]
    nodes = [_parse_mnemonic(part, text) for part in written.lstrip(":").split(":")]
    if not written.startswith((":", "*")):
        nodes = [*branch, *nodes]
    rest = (match["rest"] or "").strip()
    header = Header(
        mnemonics=tuple(name for name, _ in nodes),
        suffixes=tuple(suffix for _, suffix in nodes),
        is_query=bool(match["query"]),
    )
    return header, tuple(
        part.strip() for part in split_outside_quotes(rest, ",")
    ) if rest else ()


def _parse_mnemonic(part: str, text: str) -> tuple[str, int | None]:
    match = _MNEMONIC.fullmatch(part)
    if match is None or len(match[2]) > 9:
        raise ScpiFault(-113, "Undefined header", text[:60])
    return match[1].upper(), int(match[2]) if match[2] else None
