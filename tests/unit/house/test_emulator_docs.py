"""The pages about the emulators name what there is."""

import re
from pathlib import Path

import pytest

from instruments.simulation.faults import FaultKind
from instruments.simulation.vna.models import MODELS


@pytest.fixture(scope="module")
def rows(root: Path) -> set[str]:
    page = (root / "docs" / "reference" / "simulate.md").read_text()
    return set(re.findall(r"^\| `([a-z0-9_]+)` \|", page, re.MULTILINE))


@pytest.mark.parametrize("name", [*MODELS, *FaultKind])
def test_every_model_and_fault_has_its_row(name: str, rows: set[str]) -> None:
    assert name in rows


def test_proofs_name_the_versions_that_are_locked(root: Path) -> None:
    page = (root / "docs" / "reference" / "proofs.md").read_text()
    lock = (root / "requirements-peers.lock").read_text().split()
    locked = dict(line.split("==") for line in lock)
    for name in ("scikit-rf", "qcodes", "PyMeasure", "RsInstrument"):
        assert f"{name} {locked[name]}" in page
