"""Reading and writing the array file, with one sentence for whatever is wrong."""

import difflib
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from instruments.array import config as sections
from instruments.array.config import ArrayConfig
from instruments.array.misfit import MisfitError
from instruments.errors import ArrayConfigError

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Largest array file that is read."""


class _StrictLoader(yaml.SafeLoader):
    """YAML 1.2 numbers, dates as plain text, and no key twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class declares it so
        letter: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:float"}
        ]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        """Build a mapping, refusing a key that stands there twice."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ArrayConfigError(
                    f"{key}: stands twice in the same section (line {line}); "
                    "take one out"
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


class _StrictDumper(yaml.SafeDumper):
    """Quotes every text that the loader would take for a number."""


# YAML 1.1 takes 4.0e9 for a text because its exponent has no sign.
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)$"
)
for _side in (_StrictLoader, _StrictDumper):
    _side.add_implicit_resolver(
        "tag:yaml.org,2002:float", _FLOAT, list("-+0123456789.")
    )


def load_array(path: Path) -> ArrayConfig:
    """Read and check an array file.

    Parameters
    ----------
    path
        The YAML file.

    Returns
    -------
    ArrayConfig
        The checked sections.

    Raises
    ------
    ArrayConfigError
        If the file cannot be read or is wrong; one sentence with file, key, mend.
    """
    try:
        return parse_array(_read_text(path))
    except ArrayConfigError as error:
        raise ArrayConfigError(f"{path}: {error}") from None


def parse_array(text: str) -> ArrayConfig:
    """Check an array file that is at hand as text.

    Raises
    ------
    ArrayConfigError
        If the text is wrong; one sentence with key and mend.
    """
    try:
        tree = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        sentence = " ".join(str(error).split())
        raise ArrayConfigError(f"is no YAML: {sentence}") from None
    except RecursionError:
        raise ArrayConfigError("is nested too deeply") from None
    if not isinstance(tree, dict):
        raise ArrayConfigError("must hold the sections of an array, not a bare value")
    try:
        return ArrayConfig.model_validate(tree)
    except ValidationError as error:
        raise ArrayConfigError(_sentence(error)) from None


def dump_array(config: ArrayConfig, path: Path) -> None:
    """Write an array file that ``load_array`` reads back to the same sections."""
    tree = config.model_dump(mode="json", exclude_none=True)
    text = yaml.dump(tree, Dumper=_StrictDumper, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ArrayConfigError(
            f"cannot be read ({error.strerror}); name an existing array file"
        ) from None
    if len(content) > MAX_FILE_BYTES:
        raise ArrayConfigError(f"is larger than {MAX_FILE_BYTES} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ArrayConfigError("is no UTF-8 text") from None


def _sentence(error: ValidationError) -> str:
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    key = _key(first["loc"])
    own = first.get("ctx", {}).get("error")
    if isinstance(own, MisfitError):
        return f"{'.'.join([key, *own.path]).strip('.')}: {own.sentence}"
    match first["type"]:
        case "extra_forbidden":
            return f"{key}: is no known key; {_suggestion(str(first['loc'][-1]))}"
        case "missing":
            return f"{key}: is missing; add it"
        case "union_tag_invalid" | "union_tag_not_found":
            return f"{key}.purpose: must be wide, transmission or reflection"
        case "string_pattern_mismatch":
            pattern = first["ctx"]["pattern"]
            return f"{key}: {first['input']!r:.80} does not look like {pattern}"
        case _:
            pass
    message = first["msg"][:1].lower() + first["msg"][1:]
    return f"{key}: {message}, not {first['input']!r:.80}"


def _key(location: tuple[int | str, ...]) -> str:
    # Below sweeps.NAME the location repeats the purpose, which is no key of the file.
    parts = [part for part in location if part != "[key]"]
    if parts[:1] == ["sweeps"] and len(parts) > 2:
        del parts[2]
    return ".".join(str(part) for part in parts)


def _suggestion(name: str) -> str:
    known = {
        field
        for section in vars(sections).values()
        if isinstance(section, type) and issubclass(section, BaseModel)
        for field in section.model_fields
    }
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"did you mean {close[0]}?" if close else "take it out"
