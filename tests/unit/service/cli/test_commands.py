"""The command itself: help, versions, and what it says when something is missing."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from service.cli import COMMANDS, main
from service.cli.exits import BadInputError, CommandFailedError, print_json

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from service.cli import main
main(["train", "nowhere.npz", "--output", "x"])
"""


def test_help_lists_every_command_without_importing_it() -> None:
    run = CliRunner().invoke(main, ["--help"])
    assert run.exit_code == 0
    for name, sentence in COMMANDS.items():
        assert name in run.output
        assert sentence.split()[0] in run.output


def test_an_unknown_command_is_bad_usage() -> None:
    run = CliRunner().invoke(main, ["nonsense"])
    assert run.exit_code == 2
    assert "nonsense" in run.output


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nonsense", "No such command 'nonsense'; see halowatch --help"),
        ("--colour", "No such option '--colour'; see halowatch --help"),
        ("fit", "fit: Missing argument 'FILE'; see halowatch fit --help"),
        ("train a.npz", "train: Missing option '--output'; see halowatch train --help"),
        (
            "keys create --name a --scope all",
            "keys create: Invalid value for '--scope'",
        ),
        (
            "fit a.s2p --line-delay-s nan",
            "fit: Invalid value for '--line-delay-s': nan is no finite number",
        ),
        ("demo --cavities 0", "demo: Invalid value for '--cavities': 0 is not in the"),
    ],
)
def test_bad_usage_is_one_line_that_names_the_thing_and_the_mend(line, told) -> None:
    run = CliRunner().invoke(main, line.split(), prog_name="halowatch")
    assert run.exit_code == 2
    assert run.stdout == ""
    assert run.stderr.startswith(f"halowatch: {told}")
    assert run.stderr.count("\n") == 1
    assert run.stderr.endswith(" --help\n")


def test_a_group_without_a_command_shows_its_help() -> None:
    run = CliRunner().invoke(main, ["keys"], prog_name="halowatch")
    assert run.exit_code == 2
    assert "revoke" in run.output


def test_a_missing_extra_is_named_with_the_mend() -> None:
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert run.returncode == 2
    assert "train needs torch" in run.stderr
    assert "halowatch[server]" in run.stderr


def test_errors_end_in_their_exit_codes_with_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for error, code in ((BadInputError("a"), 2), (CommandFailedError("b"), 1)):
        assert error.exit_code == code
        error.show()
    assert capsys.readouterr().err == "halowatch: a\nhalowatch: b\n"


def test_json_output_never_holds_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        print_json({"a": float("nan")})
