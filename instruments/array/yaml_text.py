"""The YAML of the array file: strict, bounded, and refused in plain words."""

import re
from pathlib import Path

import yaml

from instruments.errors import ArrayConfigError


class StrictLoader(yaml.SafeLoader):
    """YAML 1.2 numbers, and dates as plain text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class declares it so
        letter: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:float"}
        ]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class StrictDumper(yaml.SafeDumper):
    """Quotes every text that the loader would take for a number."""


# YAML 1.1 takes 4.0e9 for a text because its exponent has no sign.
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)$"
)
for _side in (StrictLoader, StrictDumper):
    _side.add_implicit_resolver(
        "tag:yaml.org,2002:float", _FLOAT, list("-+0123456789.")
    )

_PLAIN_WORDS = (
    ("'\\t'", "a tab stands here; indent with spaces"),
    (
        "mapping values are not allowed",
        "a colon stands where none may; check the indentation, or quote the text",
    ),
    (
        "while parsing a flow mapping",
        "a { is opened here and not closed as it should; check braces and commas",
    ),
    (
        "while parsing a flow sequence",
        "a [ is opened here and not closed as it should; check brackets and commas",
    ),
    (
        "while scanning a quoted scalar",
        "a quote is opened here and never closed; close it",
    ),
    ("while scanning a simple key", "a key stands here without its colon; add it"),
    (
        "while parsing a block mapping",
        "the indentation does not fit the section that begins here; line the keys up",
    ),
    (
        "while parsing a block collection",
        "the indentation does not fit the list that begins here; line the dashes up",
    ),
    ("undefined alias", "a *name stands here whose &name is nowhere; write it out"),
    ("found duplicate anchor", "an &name stands here that is taken; write it out"),
    ("could not determine a constructor", "a !tag stands here; take it out"),
    ("expected a single document", "a second document begins here; take out the ---"),
)
"""What PyYAML says, and the sentence for people who do not know its insides."""


_SHOWN_AT_THE_PROBLEM = (
    "'\\t'",
    "mapping values are not allowed",
    "expected a single document",
)


def read_text(path: Path, what: str, max_bytes: int) -> str:
    """Read a file that people write, as text.

    Parameters
    ----------
    what
        What the file is, for the message.
    max_bytes
        Largest file that is read.

    Raises
    ------
    ArrayConfigError
        If it cannot be read, is larger or is no UTF-8; one sentence with file and mend.
    """
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise ArrayConfigError(
            f"{path}: cannot be read ({error.strerror}); name an existing {what}"
        ) from None
    if len(content) > max_bytes:
        raise ArrayConfigError(f"{path}: is larger than {max_bytes} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ArrayConfigError(
            f"{path}, line {line}: is no UTF-8 text; save it as UTF-8"
        ) from None


def compose(text: str) -> yaml.Node | None:
    """Read a text into nodes, which know their lines; None where it is empty.

    Raises
    ------
    ArrayConfigError
        If it is no YAML; one plain sentence with the line.
    """
    try:
        return yaml.compose(text, Loader=StrictLoader)
    except yaml.YAMLError as error:
        raise ArrayConfigError(_sentence(error)) from None
    except RecursionError:
        raise ArrayConfigError("line 1: is nested too deeply") from None


def construct(node: yaml.Node) -> object:
    """Turn nodes into plain values.

    Raises
    ------
    ArrayConfigError
        If a tag asks for anything else, or a key is none.
    """
    loader = StrictLoader("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ArrayConfigError(_sentence(error)) from None
    except (ValueError, TypeError, OverflowError):
        raise ArrayConfigError("line 1: holds a value that cannot be read") from None
    finally:
        loader.dispose()


def _sentence(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return "line 1: is no YAML: it holds characters that no text file holds"
    if not isinstance(error, yaml.MarkedYAMLError):
        return "line 1: is no YAML: check indentation, colons, brackets and quotes"
    said = f"{error.context or ''} {error.problem or ''}"
    # The context is where the trouble begins, the problem where it came to light.
    shows_late = any(words in said for words in _SHOWN_AT_THE_PROBLEM)
    mark = (None if shows_late else error.context_mark) or error.problem_mark
    line = mark.line + 1 if mark is not None else 1
    for words, sentence in _PLAIN_WORDS:
        if words in said:
            return f"line {line}: is no YAML: {sentence}"
    return (
        f"line {line}: is no YAML: check indentation, colons, brackets and quotes here"
    )
