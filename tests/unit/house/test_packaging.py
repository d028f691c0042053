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
    assert all(line.count("==") == 1 for line in lines)
    locked = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    for requirement in metadata.requires("halowatch") or []:
        name = requirement.split(";")[0].split(">=")[0].split("[")[0].strip()
        assert name.lower().replace("_", "-") in locked, requirement
    assert "torch==2.13.0" in lines


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
