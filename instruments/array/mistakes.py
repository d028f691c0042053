"""From a validation error to the one sentence that mends it."""

import difflib
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from instruments.array.lines import Lines, path_of, place_of
from instruments.array.misfit import MisfitError, Path
from instruments.array.values import NAME_PATTERN, S_PARAMETER_PATTERN
from instruments.measurement.units import UNIT_FACTORS

_SYMBOLS = {
    unit.lower(): suffix for suffix, units in UNIT_FACTORS.items() for unit in units
} | {"gauss": "_tesla", "celsius": "_k", "sec": "_s", "min": "_s", "hours": "_s"}
_IN_WORDS = {
    "_hz": "hertz",
    "_s": "seconds",
    "_k": "kelvin",
    "_tesla": "tesla",
    "_m": "metres",
    "_dbm": "dBm",
    "_a": "amperes",
    "_v": "volts",
}
_LOOKS = {
    NAME_PATTERN: "is no name; take letters, digits and . _ -, at most 64",
    S_PARAMETER_PATTERN: "is no S-parameter; take S11 to S44",
}
_NUMBER_WITH_UNIT = re.compile(r"\s*[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\s*[A-Za-zµ]+\s*")


def first_sentence(
    error: ValidationError, model: type[BaseModel], tree: Any, lines: Lines
) -> str:
    """Describe the most telling mistake of a file: line, key, what is wrong, mend.

    A misspelt key comes first, since it often explains one that is missing.
    """

    def rank(found: Any) -> tuple[int, int]:
        order = {"extra_forbidden": 0, "missing": 2}.get(found["type"], 1)
        return order, lines.of(_place(found, tree))

    first = min(error.errors(), key=rank)
    place = _place(first, tree)
    return lines.sentence(place, _words(first, place, model))


def _place(found: Any, tree: Any) -> Path:
    own = found.get("ctx", {}).get("error")
    if isinstance(own, MisfitError):
        return place_of(own, found["loc"], tree)
    return path_of(found["loc"], tree)


def _words(found: Any, place: Path, model: type[BaseModel]) -> str:
    own = found.get("ctx", {}).get("error")
    if isinstance(own, MisfitError):
        return own.sentence
    given = found["input"]
    match found["type"]:
        case "extra_forbidden":
            return f"is no known key; {_suggestion(place, model)}"
        case "missing":
            return "is missing; add it"
        case "union_tag_invalid" | "union_tag_not_found":
            return "purpose must be wide, transmission or reflection"
        case "string_pattern_mismatch":
            looks = _LOOKS.get(found["ctx"]["pattern"], "is not as it should be")
            return f"{given!r:.80} {looks}"
        case _:
            return _words_of_value(found, given, place[-1] if place else "")


def _words_of_value(found: Any, given: Any, key: str) -> str:
    if given is None:
        return "stands without a value; give one, or take the key out"
    if found["type"] in ("literal_error", "enum"):
        return f"must be {found['ctx']['expected']}, not {given!r:.80}"
    if found["type"] == "greater_than_equal" and _suffix(key) == "_hz":
        return f"{given!r:.40} is too low for hertz; write 5.1 GHz as 5.1e9"
    if isinstance(given, str) and _NUMBER_WITH_UNIT.fullmatch(given):
        unit = _IN_WORDS.get(_suffix(key) or "", "the unit of its key")
        return f"takes a bare number in {unit}, not {given!r:.80}"
    message = found["msg"][:1].lower() + found["msg"][1:]
    return f"{message}, not {given!r:.80}"


def _suggestion(place: Path, model: type[BaseModel]) -> str:
    name = place[-1]
    here = sorted({key for one in _models_at(model, place[:-1]) for key in one})
    stem, _, ending = name.rpartition("_")
    if ending.lower() in _SYMBOLS or f"_{ending}" in UNIT_FACTORS:
        suffix = _SYMBOLS.get(ending.lower(), f"_{ending}")
        unit = _IN_WORDS.get(suffix, suffix[1:])
        same = [key for key in here if key.endswith(suffix)]
        close = difflib.get_close_matches(stem + suffix, same, n=1) or same[:1]
        if close and close[0] != name:
            return f"units are SI: give {close[0]}, in {unit}"
    if close := difflib.get_close_matches(name, here, n=1):
        return f"did you mean {close[0]}?"
    listed = ", ".join(here[:12])
    return f"take it out; this section takes {listed}" if here else "take it out"


def _suffix(name: str) -> str | None:
    found = [suffix for suffix in UNIT_FACTORS if name.endswith(suffix)]
    return max(found, key=len, default=None)


def _models_at(model: type[BaseModel], path: Path) -> Iterator[list[str]]:
    """Yield the keys of every kind of section that may stand at a place."""
    annotations: list[Any] = [model]
    for key in path:
        inner: list[Any] = []
        for annotation in annotations:
            for one in _unfold(annotation):
                if isinstance(one, type) and issubclass(one, BaseModel):
                    field = one.model_fields.get(key)
                    inner += [] if field is None else [field.annotation]
                else:
                    inner += get_args(one)[1:]
        annotations = inner
    for annotation in annotations:
        for one in _unfold(annotation):
            if isinstance(one, type) and issubclass(one, BaseModel):
                yield list(one.model_fields)


def _unfold(annotation: Any) -> Iterator[Any]:
    """Yield sections and mappings inside unions and annotations."""
    origin = getattr(annotation, "__origin__", None)
    if origin is dict or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    ):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from _unfold(argument)
