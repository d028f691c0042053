"""One picture a failure, and the page that shows them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from instruments.simulation.failures import (
    CATALOGUE,
    Failure,
    Situation,
    observe,
    respond,
)
from instruments.simulation.physics.chain import (
    OperatingPoint,
    SweepSettings,
    draw_unit,
    usual_receiver,
)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "failures.md"
PICTURES = ROOT / "docs" / "images" / "failures"
WIDE_HZ = np.linspace(4.0e9, 8.0e9, 801)
SETTINGS = SweepSettings(if_bandwidth_hz=1000.0)
SIGNATURES = {
    1: "Fine ripple grows, the dip turns asymmetric; the gain hardly moves.",
    2: "The ripple of the whole band is another one from one sweep to the next.",
    3: "Everything behind the amplifier falls by tens of dB, evenly over the band.",
    4: "The gain falls slowly and tilts, for all receivers of the plate together.",
    5: "Sudden loss, restless phase, a standing wave whose period tells the place.",
    6: "The dip is gone and reflection is flat: the fingerprint of another position.",
    7: "Hundredths of a dB; the mixing chamber is warmer.",
    8: "The line stays where it was while the others step.",
    9: "The line splits; the second one does not tune.",
    10: "Depth of the dip and phase winding change, f0 does not.",
    11: "The bump of the gain is gone or elsewhere, within its own width only.",
    12: "Bump and line distort each other, only where they meet.",
    13: "f0 and Q drift smoothly, in all cavities together.",
    14: "All channels jump at once, and new reflections remain.",
    15: "Loss grows with the root of the frequency, and the delay steps.",
    16: "Everything goes back along the curve of the cool-down.",
    17: "Q0 is a little low and f0 creeps; the wide sweep is as ever.",
    18: "The line is smeared and skewed, differently up and down.",
    19: "All modes go down by the same ratio.",
    20: "A common turn of the phase with frequency, in all channels of the VNA.",
    21: "Amplifiers are compressed: less gain at the same hardware.",
    22: "Single absurd points in an otherwise good sweep.",
    23: "Two channels exchange their fingerprints and f0 in the same minute.",
    24: "A weak further line at the neighbour's f0, which tunes with it.",
}
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 560, 220, 52, 12, 12, 34
COLD = OperatingPoint(cavity_temperature_k=0.05)


@dataclass(frozen=True)
class View:
    """What of a sweep is shown, and around which frequency."""

    trace: str = "S23"
    centre_hz: float | None = None
    span_hz: float = 3e6
    severity: float = 1.0
    shows: str = "level"

    def axis_hz(self):
        if self.centre_hz is None:
            return WIDE_HZ
        half_hz = 0.5 * self.span_hz
        return np.linspace(self.centre_hz - half_hz, self.centre_hz + half_hz, 801)


def receivers():
    def make(seed, *, has_jpa=False):
        unit = draw_unit(usual_receiver(has_jpa=has_jpa), np.random.default_rng(seed))
        return Situation(hardware=replace(unit, cavity=usual_receiver().cavity))

    plain = make(11)
    other = make(12).at(frequency_shift_ratio=4e-4)
    pair = replace(plain.at(cavity_temperature_k=0.05), neighbour=other)
    usual = Situation(hardware=usual_receiver(), point=COLD)
    pumped = usual.at(source_power_dbm=-70.0, jpa_gain_db=18.0)
    return pair, pumped


def peak_hz(situation):
    axis_hz = 5.1e9 + np.linspace(-2e7, 2e7, 8001)
    return axis_hz[np.abs(respond(situation, axis_hz, ("S21",))["S21"]).argmax()]


def views(pair, pumped):
    mode_hz, neighbour_hz = peak_hz(pair), peak_hz(pair.neighbour)
    intruder_hz = pair.hardware.cavity.modes[1].resonant_frequency_hz
    near = View("S21", mode_hz, 2e6)
    return {
        1: View(shows="change"),
        2: View(shows="change"),
        6: View("S23", mode_hz, 4e6),
        7: View(shows="change"),
        8: View("S21", mode_hz + 0.6e6, 3e6),
        9: View("S21", intruder_hz, 2e7),
        10: View("S23", mode_hz, 4e6),
        11: View("S23", 5.1e9, 3e8),
        12: View("S23", 5.1e9, 1e8),
        13: near,
        17: near,
        18: near,
        19: View("S21", 5.04e9, 1.6e8),
        20: View(shows="phase"),
        22: View(severity=0.02),
        24: View("S21", neighbour_hz, 1.2e6),
    }


def before_and_after(failure, view, pair, pumped):
    start = pumped if failure.number in {11, 12} else pair
    if failure.number == 8:
        start = start.at(rod_position_ratio=0.502)
    if failure.number == 9:
        start = start.at(rod_position_ratio=0.74)
    if failure.number == 14:
        start = start.at(magnet_field_tesla=8.0)
    axis_hz = view.axis_hz()
    rng = np.random.default_rng(failure.number)
    seen = []
    for situation in (start, failure.apply(start, view.severity)):
        if view.shows == "level":
            traces = observe(situation, axis_hz, rng, settings=SETTINGS)
        else:
            traces = respond(situation, axis_hz)
        seen.append(traces[view.trace])
    return axis_hz, seen


def curves(view, seen):
    """Return what is drawn: one curve or two, and the name of the axis."""
    if view.shows == "change":
        return [20 * np.log10(np.abs(seen[1] / seen[0]))], "after / before, dB"
    if view.shows == "phase":
        turn = np.unwrap(np.angle(seen[1] / seen[0]))
        return [np.degrees(turn)], "after / before, degrees"
    level = [20 * np.log10(np.maximum(np.abs(trace), 1e-9)) for trace in seen]
    return [np.clip(one, -140.0, 60.0) for one in level], f"{view.trace}, dB"


def picture(axis_hz, lines, name):
    low = min(float(np.nanmin(line)) for line in lines)
    high = max(float(np.nanmax(line)) for line in lines)
    pad = 0.06 * max(high - low, 1e-6)
    low, high = low - pad, high + pad
    inner_w, inner_h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value_hz):
        return LEFT + inner_w * (value_hz - axis_hz[0]) / np.ptp(axis_hz)

    def y(value):
        return TOP + inner_h * (high - value) / (high - low)

    colours = ("#8a8f98", "#c2410c") if len(lines) == 2 else ("#c2410c",)
    paths = [
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.2" points="'
        + " ".join(f"{x(f):.1f},{y(v):.1f}" for f, v in zip(axis_hz, line, strict=True))
        + '"/>'
        for colour, line in zip(colours, lines, strict=True)
    ]
    labels = []
    for share in (0.0, 0.5, 1.0):
        value = low + pad + share * (high - low - 2 * pad)
        labels.append(
            f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">'
            f"{value:.4g}</text>"
        )
        at_hz = axis_hz[0] + share * np.ptp(axis_hz)
        anchor = ("start", "middle", "end")[round(2 * share)]
        digits = 2 if np.ptp(axis_hz) > 1e8 else 5
        labels.append(
            f'<text x="{x(at_hz):.1f}" y="{HEIGHT - 18}" text-anchor="{anchor}">'
            f"{at_hz / 1e9:.{digits}f} GHz</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="11" fill="#6b7280">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
        f'<rect x="{LEFT}" y="{TOP}" width="{inner_w}" height="{inner_h}"'
        ' fill="none" stroke="#d1d5db"/>\n'
        + "\n".join([*paths, *labels])
        + f'\n<text x="{LEFT}" y="{HEIGHT - 4}">{name}</text>\n</svg>\n'
    )


def paragraph(failure: Failure) -> str:
    title = failure.name.replace("_", " ")
    desks = ", ".join(desk.replace("_", " ") for desk in failure.desks)
    scale = f", {failure.time_scale_s:g} s" if failure.time_scale_s else ""
    return (
        f"## {failure.number}. {title}\n\n"
        f"`{failure.name}`; {failure.onset.replace('_', ' ')}{scale}; seen by:"
        f" {failure.scope}; urgency {failure.urgency_number}; for {desks}.\n"
        f"{failure.recovery}\n\n"
        f"*What is seen:* {SIGNATURES[failure.number]}\n\n"
        f"![{title}](../images/failures/{failure.name}.svg)\n"
    )


@pytest.mark.benchmark
def test_each_failure_gets_its_picture():
    pair, pumped = receivers()
    chosen = views(pair, pumped)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for failure in CATALOGUE:
        view = chosen.get(failure.number, View())
        axis_hz, seen = before_and_after(failure, view, pair, pumped)
        lines, name = curves(view, seen)
        drawn = picture(axis_hz, lines, name)
        (PICTURES / f"{failure.name}.svg").write_text(drawn)
        assert np.abs(lines[-1] - (lines[0] if len(lines) == 2 else 0.0)).max() > 0.0
    page = (
        "# Failures\n\nWritten by `make bench`: the full receiver chain, healthy in"
        " grey and with the failure\nat full severity in red (a glitch: a fiftieth);"
        " where one curve says more, it is after\nover before."
        " Urgency: 1 note, 2 degraded,\n3 stop and fix, 4 hardware at risk.\n\n"
        + "\n".join(paragraph(failure) for failure in CATALOGUE)
    )
    PAGE.write_text(page)
