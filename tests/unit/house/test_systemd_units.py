"""The units start what exists, with options that exist, and shut all other doors."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from service.cli import main

PROGRAM = "/opt/halowatch/bin/halowatch"


@pytest.fixture
def units(root: Path) -> dict[str, Path]:
    found = {path.name: path for path in (root / "deploy" / "systemd").iterdir()}
    assert len(found) == 5
    return found


def read(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser


def test_every_command_is_one_of_ours(units):
    for path in units.values():
        for line in re.findall(rf"{PROGRAM} ([^\n']+)", path.read_text()):
            words = [word.replace("%i", "alert") for word in shlex.split(line)]
            command: click.Command | None = main
            while isinstance(command, click.Group):
                context = click.Context(command)
                command = command.get_command(context, words.pop(0))
            assert command is not None, line
            # Parses, or ends here: nothing is run.
            command.make_context("test", words, resilient_parsing=True)
            known = {name for one in command.params for name in one.opts}
            assert {word for word in words if word.startswith("--")} <= known


def test_every_service_is_shut_in(units):
    for name, path in units.items():
        if name.endswith(".service"):
            service = read(path)["Service"]
            assert service["User"] == "halowatch"
            assert service["NoNewPrivileges"] == "yes"
            assert service["ProtectSystem"] == "strict"
            assert service["CapabilityBoundingSet"] == ""
            assert "Password" not in path.read_text()


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)
def test_systemd_understands_every_line(units, tmp_path):
    program = Path(sys.executable).with_name("halowatch")
    copies = []
    for name, path in units.items():
        text = path.read_text().replace(PROGRAM, str(program))
        copy = tmp_path / name.replace("@", "@alert")
        copy.write_text(text)
        copies.append(copy)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *copies],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    complaints = [
        line
        for line in done.stderr.splitlines()
        if str(tmp_path) in line or "alert" in line
    ]
    assert complaints == []
    assert done.returncode == 0, done.stderr
