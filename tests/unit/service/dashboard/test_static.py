"""The static files: vendored as locked, readable in both themes, self-contained."""

import hashlib
import re
from itertools import product

import pytest

from service.dashboard.views import STATIC_DIRECTORY

VENDOR = STATIC_DIRECTORY / "vendor"
TOKEN = re.compile(r"(--[\w-]+): light-dark\((#\w+), (#\w+)\)")
OWN = [path for path in STATIC_DIRECTORY.rglob("*.*") if VENDOR not in path.parents]
INKS = ("ink", "ink-soft", "ink-quiet")
GROUNDS = ("ground", "surface", "raised")
PAIRS = [
    *product(INKS, GROUNDS),
    *product(("accent", "good", "warning", "alarm", "stale", "unknown"), GROUNDS[:2]),
    ("warning", "warning-ground"),
    ("ink-soft", "warning-ground"),
    ("alarm", "alarm-ground"),
    ("ink", "alarm-ground"),
    ("ink-soft", "alarm-ground"),
    ("stale", "stale-ground"),
    ("ink-quiet", "stale-ground"),
    ("alarm-ink", "alarm"),
    ("ground", "accent"),
]


def palette() -> dict[str, tuple[str, str]]:
    text = (STATIC_DIRECTORY / "tokens.css").read_text()
    return {name[2:]: (light, dark) for name, light, dark in TOKEN.findall(text)}


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2.2 of ``#rrggbb``."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_meets_wcag_aa(theme, ink, ground):
    colors = palette()
    assert contrast(colors[ink][theme], colors[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    "line", ["control", "line-newest", "line-reference", "line-1", "line-2", "line-3"]
)
def test_lines_meet_wcag_for_graphics(theme, line):
    colors = palette()
    assert contrast(colors[line][theme], colors["surface"][theme]) >= 3


def test_vendored_files_are_the_locked_ones():
    lock = (VENDOR / "vendor.lock").read_text().splitlines()
    sums = dict(reversed(line.split()) for line in lock if not line.startswith("#"))
    there = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "vendor.lock"
    }
    assert there == sums
    assert "uplot/LICENSE" in there


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_own_files_name_no_other_host(path):
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|//cdn|@import|url\(", text)


@pytest.mark.parametrize(
    "path", [p for p in OWN if p.suffix == ".js"], ids=lambda path: path.name
)
def test_modules_import_modules_that_exist(path):
    for name in re.findall(r'from "(\./[^"]+)"', path.read_text()):
        assert (path.parent / name).is_file()


def test_styles_use_no_color_outside_the_tokens():
    for path in OWN:
        if path.suffix == ".css" and path.name != "tokens.css":
            found = re.findall(r"#[0-9a-f]{6}\b", path.read_text())
            assert not found, path.name


def test_what_a_page_loads_stays_small():
    own_bytes = sum(path.stat().st_size for path in OWN)
    assert own_bytes < 100_000
