"""Reading scenario files, with one sentence and a line for whatever is wrong."""

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from instruments.array import mistakes
from instruments.array.lines import Lines, lines_of
from instruments.array.misfit import MisfitError
from instruments.array.misfit import Path as KeyPath
from instruments.array.yaml_text import compose, construct, read_text
from instruments.errors import ArrayConfigError
from instruments.simulation.scenarios.checks import check_scenario
from instruments.simulation.scenarios.sections import Scenario

MAX_FILE_BYTES = 1024 * 1024
"""Largest scenario file that is read."""


class ScenarioError(ValueError):
    """A scenario is wrong; the message names file, line, key and mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFile:
    """A checked scenario that still knows its lines.

    Attributes
    ----------
    name
        What it is called: the file's name without ending.
    scenario
        Its sections.
    shown
        What it is called in messages.
    lines
        Where its keys stand.
    """

    name: str
    scenario: Scenario
    shown: str
    lines: Lines = field(repr=False)

    def mistake(self, path: KeyPath, sentence: str) -> ScenarioError:
        """Make the error for a mistake that shows only on a certain array."""
        return ScenarioError(f"{self.shown}, {self.lines.sentence(path, sentence)}")


def shipped_scenarios() -> tuple[ScenarioFile, ...]:
    """Return the scenarios that come with the package, by name."""
    folder = files("instruments.simulation.scenarios") / "shipped"
    return tuple(
        parse_scenario(
            entry.read_text(encoding="utf-8"), name=entry.name.removesuffix(".yaml")
        )
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    )


def find_scenario(name_or_path: str) -> ScenarioFile:
    """Return a shipped scenario by its name, or that of a file.

    Raises
    ------
    ScenarioError
        If there is neither, or the file is wrong; one sentence.
    """
    shipped = files("instruments.simulation.scenarios") / "shipped"
    wanted = name_or_path.strip().lower().replace(" ", "-")
    entry = shipped / f"{wanted}.yaml"
    if "/" not in wanted and entry.is_file():
        return parse_scenario(entry.read_text(encoding="utf-8"), name=wanted)
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        known = ", ".join(one.name for one in shipped_scenarios())
        raise ScenarioError(
            f"{name_or_path} is no scenario; name a .yaml file or one of {known}"
        )
    return load_scenario(path)


def load_scenario(path: Path) -> ScenarioFile:
    """Read and check a scenario file.

    Raises
    ------
    ScenarioError
        If it cannot be read or is wrong; one sentence with file, line, key, mend.
    """
    try:
        text = read_text(path, "scenario", MAX_FILE_BYTES)
    except ArrayConfigError as error:
        raise ScenarioError(str(error)) from None
    return parse_scenario(text, name=path.stem, shown=str(path))


def parse_scenario(text: str, *, name: str, shown: str | None = None) -> ScenarioFile:
    """Check a scenario that is at hand as text.

    Raises
    ------
    ScenarioError
        If it is wrong; one sentence with line, key and mend.
    """
    called = f"scenario {name}" if shown is None else shown
    try:
        scenario, lines = _parsed(text)
    except ArrayConfigError as error:
        raise ScenarioError(f"{called}, {error}") from None
    return ScenarioFile(name=name, scenario=scenario, shown=called, lines=lines)


def _parsed(text: str) -> tuple[Scenario, Lines]:
    root = compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise ArrayConfigError(
            "line 1: must hold the sections of a scenario, not a bare value"
        )
    lines = lines_of(root)
    tree = construct(root)
    try:
        scenario = Scenario.model_validate(tree)
    except ValidationError as error:
        sentence = mistakes.first_sentence(error, Scenario, tree, lines)
        raise ArrayConfigError(sentence) from None
    try:
        check_scenario(scenario)
    except MisfitError as error:
        raise ArrayConfigError(lines.sentence(error.path, error.sentence)) from None
    return scenario, lines
