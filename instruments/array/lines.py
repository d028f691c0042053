"""Where each key of an array file stands: the line numbers behind every sentence."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from instruments.array.misfit import MisfitError, Path
from instruments.errors import ArrayConfigError

MAX_DEPTH = 20
"""Deepest nesting that is followed."""


MAX_PLACES = 200_000
"""Most keys and items that are followed."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file.

    Attributes
    ----------
    numbers
        Path of keys to the line of its last key, counted from 1.
    """

    numbers: Mapping[Path, int]

    def of(self, path: Path) -> int:
        """Return the line of a place, or of the nearest section around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.numbers:
                return self.numbers[path[:end]]
        return 1

    def sentence(self, path: Path, text: str) -> str:
        """Write a mistake as one sentence with its line and key."""
        key = ".".join(path)
        return f"line {self.of(path)}: {key}: {text}" if key else f"line 1: {text}"


def lines_of(root: yaml.Node) -> Lines:
    """Walk the nodes of a file.

    Raises
    ------
    ArrayConfigError
        If a key stands twice in a section, or the file is nested too deeply.
    """
    numbers: dict[Path, int] = {}
    _walk(root, (), numbers)
    return Lines(numbers)


def _walk(node: yaml.Node, path: Path, numbers: dict[Path, int]) -> None:
    # Aliases of aliases can unfold without end.
    if len(path) > MAX_DEPTH or len(numbers) > MAX_PLACES:
        raise ArrayConfigError(
            f"line {node.start_mark.line + 1}: is nested too deeply or repeats itself "
            "too often; write it out flat"
        )
    if isinstance(node, yaml.MappingNode):
        for key_node, value in node.value:
            inner = (*path, str(getattr(key_node, "value", "?")))
            line = key_node.start_mark.line + 1
            if inner in numbers:
                raise ArrayConfigError(
                    f"line {line}: {'.'.join(inner)}: stands twice in the same section "
                    f"(first in line {numbers[inner]}); take one out"
                )
            numbers[inner] = line
            _walk(value, inner, numbers)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            inner = (*path, str(index))
            numbers[inner] = item.start_mark.line + 1
            _walk(item, inner, numbers)


def path_of(location: tuple[int | str, ...], tree: Any) -> Path:
    """Turn a location of a validation error into keys that stand in the file.

    The location names branches of unions too; what is no key there is left out.
    """
    path: list[str] = []
    last = len(location) - 1
    for index, part in enumerate(location):
        if part == "[key]":
            continue
        inside = _enter(tree, part)
        if inside is _NOWHERE and index < last:
            continue
        path.append(str(part))
        tree = inside
    return tuple(path)


def place_of(error: MisfitError, location: tuple[int | str, ...], tree: Any) -> Path:
    """Return the whole path of a misfit that a section has found."""
    section = [str(part) for part in path_of(location, tree)]
    while section and not _reaches(tree, section):
        section.pop()
    return (*section, *error.path)


_NOWHERE = object()


def _enter(tree: Any, part: Hashable) -> Any:
    if isinstance(tree, list) and isinstance(part, int) and part < len(tree):
        return tree[part]
    if isinstance(tree, dict):
        for key, value in tree.items():
            if str(key) == str(part):
                return value
    return _NOWHERE


def _reaches(tree: Any, keys: list[str]) -> bool:
    for key in keys:
        tree = _enter(tree, key)
        if tree is _NOWHERE:
            return False
    return True
