"""An instrument machine has the base install only: heavy imports stay out."""

import subprocess
import sys

import pytest

SERVER_EXTRA = (
    "torch",
    "sqlalchemy",
    "fastapi",
    "skrf",
    "sklearn",
    "scipy",
    "blosc2",
    "safetensors",
)

PROBE = """
import importlib, pkgutil, sys
for name in {names!r}:
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), name + "."):
        importlib.import_module(found.name)
print(" ".join(sorted(set({heavy!r}) & set(sys.modules))))
"""


def _heavy_after(names: list[str], heavy: tuple[str, ...]) -> list[str]:
    probe = subprocess.run(
        [sys.executable, "-c", PROBE.format(names=names, heavy=heavy)],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    return probe.stdout.split()


@pytest.mark.parametrize(
    ("names", "heavy"),
    [
        (["instruments"], SERVER_EXTRA),
        (["service.cli.poll"], SERVER_EXTRA),
        (["service.cli.simulate"], SERVER_EXTRA),
        (["instruments.measurement"], (*SERVER_EXTRA, "pyvisa", "pydantic", "httpx")),
        (["instruments.client"], (*SERVER_EXTRA, "pyvisa")),
    ],
)
def test_the_senses_load_nothing_heavy(
    names: list[str], heavy: tuple[str, ...]
) -> None:
    assert _heavy_after(names, heavy) == []


def test_the_probe_sees_what_is_loaded() -> None:
    assert _heavy_after(["service.storage"], SERVER_EXTRA[1:2]) == ["sqlalchemy"]
