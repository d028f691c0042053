"""What README and the docs tell a user to type exists."""

import re
from pathlib import Path

import click
import pytest

from service.cli import COMMANDS, main

FENCE = re.compile(r"```(?:sh|bash|console|shell)\n(.*?)```", re.DOTALL)

# The user and the unit of systemd have the same name as the command.
CALL = re.compile(r"(?:^|/|\s)(?<!-u )halowatch (?!\S+\.timer\b)([a-z]+)(.*)")


def _documents(root: Path) -> list[Path]:
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def _typed_lines(path: Path) -> list[str]:
    lines = []
    for block in FENCE.findall(path.read_text()):
        joined = block.replace("\\\n", " ")
        lines += [line.strip().removeprefix("$ ") for line in joined.splitlines()]
    typed = [line.split(" #")[0].strip() for line in lines]
    return [line for line in typed if line and not line.startswith("#")]


def test_make_targets_that_are_named_exist(root: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE)
    )
    for document in _documents(root):
        for line in _typed_lines(document):
            for target in re.findall(r"\bmake ([a-z-]+)", line):
                assert target in targets, f"{document.name}: {line}"


def test_sub_commands_and_options_that_are_named_exist(root: Path) -> None:
    seen = 0
    for document in _documents(root):
        for line in _typed_lines(document):
            found = CALL.search(line)
            if not found:
                continue
            seen += 1
            command = main.get_command(click.Context(main), found[1])
            assert command is not None, f"{document.name}: {line}"
            words = found[2].split("#")[0].split()
            if isinstance(command, click.Group) and words and words[0][0] != "-":
                command = command.get_command(click.Context(command), words[0])
                assert command is not None, f"{document.name}: {line}"
            known = {
                option for p in command.params for option in p.opts + p.secondary_opts
            }
            for word in words:
                if word.startswith("--") and word != "--help":
                    assert word.split("=")[0] in known, f"{document.name}: {line}"
    assert seen > 5


def test_the_two_commands_of_the_readme_come_first(root: Path) -> None:
    assert _typed_lines(root / "README.md")[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_sub_command_explains_itself(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name}: {parameter.name} has no help"
