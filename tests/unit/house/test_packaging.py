"""Nobody else may own the names that we import by."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

OUR_NAMES = ("service", "instruments", "models")


@pytest.mark.parametrize("name", OUR_NAMES)
def test_no_other_distribution_owns_our_package(name: str) -> None:
    owners = set(metadata.packages_distributions().get(name, []))
    assert owners <= {"halowatch"}


@pytest.mark.parametrize("name", OUR_NAMES)
def test_our_packages_are_imported_from_here(name: str, root: Path) -> None:
    package = __import__(name)
    assert Path(package.__file__).parent == root / name
    assert (root / name / "py.typed").is_file()


def test_there_is_one_console_script() -> None:
    scripts = [
        script.name
        for script in metadata.distribution("halowatch").entry_points
        if script.group == "console_scripts"
    ]
    assert scripts == ["halowatch"]


def test_the_lock_pins_every_requirement_exactly(root: Path) -> None:
    lines = (root / "requirements.lock").read_text().split()
    peer_lines = (root / "requirements-peers.lock").read_text().split()
    assert all(line.count("==") == 1 for line in lines + peer_lines)
    locked, peers = _names(lines), _names(peer_lines)
    for requirement in metadata.requires("halowatch") or []:
        name = requirement.split(";")[0].split(">=")[0].split("[")[0].strip()
        is_peer = requirement.endswith(("extra == 'peers'", 'extra == "peers"'))
        wanted = peers if is_peer else locked
        assert name.lower().replace("_", "-") in wanted, requirement
    assert "torch==2.13.0" in lines


def test_the_peers_are_installed_before_the_tests(root: Path) -> None:
    assert "\ntest: setup peers\n" in (root / "Makefile").read_text()


def _names(lines: list[str]) -> set[str]:
    return {line.split("==")[0].lower().replace("_", "-") for line in lines}


def test_the_lock_is_what_is_installed(root: Path) -> None:
    for line in (root / "requirements.lock").read_text().split():
        name, version = line.split("==")
        assert metadata.version(name).split("+")[0] == version, name


def test_tests_have_no_packages(root: Path) -> None:
    assert not list((root / "tests").rglob("__init__.py"))


def test_every_test_file_holds_a_test(root: Path) -> None:
    empty = [
        str(path.relative_to(root))
        for path in (root / "tests").rglob("test_*.py")
        if "def test_" not in path.read_text()
    ]
    assert empty == []


def test_the_version_is_told_by_the_command() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "service.cli", "--version"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert metadata.version("halowatch") in told.stdout
