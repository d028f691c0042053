"""The lock is whole: what is installed is what was reviewed, and nothing else."""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.!+]*)")
LOCKS = ("requirements.lock", "requirements-peers.lock")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> dict[str, str]:
    pins = [PIN.fullmatch(line) for line in path.read_text().splitlines()]
    return {normal(pin[1]): pin[2] for pin in pins if pin is not None}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_pins_one_version_exactly(root, lock):
    lines = (root / lock).read_text().splitlines()
    loose = [line for line in lines if not PIN.fullmatch(line)]
    assert loose == []
    names = [normal(line.partition("==")[0]) for line in lines]
    assert len(names) == len(set(names))
    early = [
        line
        for line in lines
        # The theme of the documentation needs it and has no other.
        if re.search(r"==.*(a|b|rc|dev)[0-9]", line) and "sphinx-basic-ng" not in line
    ]
    assert early == []


def test_everything_that_is_asked_for_is_locked(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = project["dependencies"] + extras["server"] + extras["dev"]
    locked = read_lock(root / "requirements.lock")
    names = {normal(re.split(r"[\[<>=!~; ]", one)[0]) for one in asked}
    assert names - set(locked) == set()


def test_what_is_installed_is_what_is_locked(root):
    locked = read_lock(root / "requirements.lock")
    installed = {
        normal(one.metadata["Name"]): one.version.partition("+")[0]
        for one in metadata.distributions()
    }
    other = {
        name: (version, installed[name])
        for name, version in locked.items()
        if name in installed and installed[name] != version
    }
    assert other == {}
    ours = {"halowatch", "pip", "setuptools"}
    unknown = set(installed) - set(locked) - ours
    assert unknown == set(), f"not in requirements.lock, in {sys.prefix}"


def test_every_need_of_a_locked_package_is_locked(root):
    """Nothing is left to whatever pip finds on the day."""
    from packaging.requirements import Requirement

    locked = read_lock(root / "requirements.lock")
    missing = []
    for name in locked:
        try:
            needs = metadata.distribution(name).requires or ()
        except metadata.PackageNotFoundError:
            continue
        for text in needs:
            need = Requirement(text)
            if need.marker is not None and not need.marker.evaluate({"extra": ""}):
                continue
            version = locked.get(normal(need.name))
            if version is None or not need.specifier.contains(
                version, prereleases=True
            ):
                missing.append(f"{name} needs {text}, locked is {version}")
    built_for_gpus = ("nvidia", "triton", "cuda")
    assert [one for one in missing if not any(w in one for w in built_for_gpus)] == []
