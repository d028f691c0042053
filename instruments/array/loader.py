"""Reading and writing the array file, with one sentence for whatever is wrong."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import ValidationError

from instruments.array import misfit, mistakes
from instruments.array.config import ArrayConfig
from instruments.array.lines import Lines, lines_of
from instruments.array.yaml_text import StrictDumper, compose, construct, read_text
from instruments.errors import ArrayConfigError

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Largest array file that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFile:
    """A checked array file that still knows its lines.

    Attributes
    ----------
    config
        Its sections.
    lines
        Where its keys stand.
    name
        What it is called in messages.
    """

    config: ArrayConfig
    lines: Lines = field(repr=False)
    name: str

    def mistake(self, path: misfit.Path, sentence: str) -> ArrayConfigError:
        """Make the error for a mistake that shows only later, for instance on a wire.

        Parameters
        ----------
        path
            Keys that lead to the place.
        sentence
            What is wrong there, and the mend.
        """
        return ArrayConfigError(f"{self.name}, {self.lines.sentence(path, sentence)}")


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
        If the file cannot be read or is wrong; one sentence with file, line, key,
        mend.
    """
    return load_array_file(path).config


def load_array_file(path: Path) -> ArrayFile:
    """Read and check an array file, and keep where its keys stand.

    Raises
    ------
    ArrayConfigError
        As ``load_array``.
    """
    text = read_text(path, "array file", MAX_FILE_BYTES)
    try:
        config, lines = _parse(text)
    except ArrayConfigError as error:
        raise ArrayConfigError(f"{path}, {error}") from None
    return ArrayFile(config=config, lines=lines, name=str(path))


def parse_array(text: str) -> ArrayConfig:
    """Check an array file that is at hand as text.

    Raises
    ------
    ArrayConfigError
        If the text is wrong; one sentence with line, key and mend.
    """
    return _parse(text)[0]


def dump_array(config: ArrayConfig, path: Path) -> None:
    """Write an array file that ``load_array`` reads back to the same sections."""
    tree = config.model_dump(mode="json", exclude_none=True)
    text = yaml.dump(tree, Dumper=StrictDumper, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def _parse(text: str) -> tuple[ArrayConfig, Lines]:
    root = compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise ArrayConfigError(
            "line 1: must hold the sections of an array, not a bare value"
        )
    lines = lines_of(root)
    tree = construct(root)
    try:
        return ArrayConfig.model_validate(tree), lines
    except ValidationError as error:
        sentence = mistakes.first_sentence(error, ArrayConfig, tree, lines)
        raise ArrayConfigError(sentence) from None
