"""Small charts as SVG text: axes, bars, points and matrices, no asset from outside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 360, 240
"""Size of a chart in pixels."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 30, 40
_ROOM = 36


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis: from values to pixels.

    Attributes
    ----------
    low, high
        Ends of the axis.
    logarithmic
        Whether decades are evenly spaced.
    names
        Names of whole steps, marked in place of values; by number where long.
    """

    low: float
    high: float
    label: str
    logarithmic: bool = False
    names: tuple[str, ...] = ()

    def share(self, value: float) -> float:
        """Return how far along the axis a value lies, 0 to 1 and beyond."""
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high = math.log10(low), math.log10(high)
            at = math.log10(max(value, 1e-12))
        return (at - low) / ((high - low) or 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        """Return values to mark, with their texts."""
        if self.names:
            short = sum(len(name) for name in self.names) <= _ROOM
            return [
                (place + 0.5, escape(name) if short else str(place + 1))
                for place, name in enumerate(self.names)
            ]
        if self.logarithmic:
            first, last = math.log10(self.low), math.log10(self.high)
            decades = range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)
            values = [10.0**power for power in decades]
            if len(values) >= 2:
                return [(value, f"{value:g}") for value in values]
            return [(end, f"{end:.3g}") for end in (self.low, self.high)]
        step = _nice_step(self.high - self.low)
        first_step = math.ceil(self.low / step - 1e-9)
        last_step = math.floor(self.high / step + 1e-9)
        return [
            (number * step, f"{number * step:.6g}")
            for number in range(first_step, last_step + 1)
        ]


def chart(title: str, x: Scale, y: Scale, marks: Sequence[str]) -> str:
    """Return one chart with its axes; the marks come from the functions below."""
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    parts = [f'<text class="t" x="{_LEFT}" y="18">{escape(title)}</text>']
    for value, text in y.ticks():
        at = _y(y, value)
        parts.append(f'<path class="g" d="M{_LEFT} {at:.1f}H{right}"/>')
        parts.append(f'<text class="e" x="{_LEFT - 6}" y="{at + 4:.1f}">{text}</text>')
    for value, text in x.ticks():
        at = _x(x, value)
        parts.append(f'<path class="g" d="M{at:.1f} {bottom}v4"/>')
        parts.append(f'<text class="m" x="{at:.1f}" y="{bottom + 16}">{text}</text>')
    middle = (_LEFT + right) / 2
    parts.append(f'<path class="a" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>')
    parts += marks
    parts.append(
        f'<text class="m" x="{middle}" y="{HEIGHT - 6}">{escape(x.label)}</text>'
    )
    parts.append(
        f'<text class="m" transform="rotate(-90 12 {HEIGHT / 2})" x="12"'
        f' y="{HEIGHT / 2}">{escape(y.label)}</text>'
    )
    return _svg(WIDTH, HEIGHT, title, parts)


def bars(x: Scale, y: Scale, edges: Sequence[float], heights: Sequence[float]) -> str:
    """Draw bars between edges, from the foot of the axis."""
    foot = HEIGHT - _BOTTOM
    found = []
    for low, high, height in zip(edges, edges[1:], heights, strict=False):
        left, top = _x(x, low), _y(y, height)
        found.append(
            f'<rect class="b" x="{left + 0.5:.1f}" y="{top:.1f}"'
            f' width="{max(_x(x, high) - left - 1, 0.5):.1f}"'
            f' height="{max(foot - top, 0):.1f}"/>'
        )
    return "".join(found)


def line(x: Scale, y: Scale, points: Sequence[tuple[float, float]], kind: str) -> str:
    """Draw a line through points; kinds are ``data``, ``ideal`` and ``limit``."""
    places = " ".join(f"{_x(x, a):.1f},{_y(y, b):.1f}" for a, b in points)
    return f'<polyline class="{escape(kind)}" points="{places}"/>'


def dots(
    x: Scale, y: Scale, points: Sequence[tuple[float, float]], kind: str, size: float
) -> str:
    """Draw points, those off the axes at their rims; kinds ``dot`` and ``ill``."""
    found = []
    for a, b in points:
        across = min(max(x.share(a), 0.0), 1.0)
        up = min(max(y.share(b), 0.0), 1.0)
        left = _LEFT + across * (WIDTH - _LEFT - _RIGHT)
        top = HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)
        found.append(f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{size}"/>')
    return f'<g class="{escape(kind)}">{"".join(found)}</g>'


def matrix(title: str, labels: Sequence[str], cells: Sequence[Sequence[int]]) -> str:
    """Draw a confusion matrix: rows true, columns said, shares of each row shaded."""
    size = min(max(300 // max(len(labels), 1), 26), 60)
    left = 14 + 7 * min(max((len(label) for label in labels), default=0), 22)
    top = 48 + 5 * min(max((len(label) for label in labels), default=0), 22)
    parts = [f'<text class="t" x="8" y="18">{escape(title)}</text>']
    for row, label in enumerate(labels):
        total = sum(cells[row])
        middle = top + (row + 0.5) * size + 4
        short = escape(_short(label))
        parts.append(f'<text class="e" x="{left - 6}" y="{middle:.1f}">{short}</text>')
        at = left + (row + 0.5) * size
        parts.append(
            f'<text class="s" transform="rotate(-40 {at:.1f} {top - 6})"'
            f' x="{at:.1f}" y="{top - 6}">{short}</text>'
        )
        for column, count in enumerate(cells[row]):
            share = count / total if total else 0.0
            ink = "w" if share > 0.55 else "m"
            parts.append(
                f'<rect class="c" fill-opacity="{share:.3f}"'
                f' x="{left + column * size}" y="{top + row * size}"'
                f' width="{size - 1}" height="{size - 1}"/>'
            )
            if count:
                parts.append(
                    f'<text class="{ink}" x="{left + (column + 0.5) * size:.1f}"'
                    f' y="{middle:.1f}">{count}</text>'
                )
    width = left + len(labels) * size + 70
    return _svg(width, top + len(labels) * size + 12, title, parts)


def _short(label: str) -> str:
    return label if len(label) <= 22 else label[:21] + "…"


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
        f' role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _x(scale: Scale, value: float) -> float:
    return _LEFT + scale.share(value) * (WIDTH - _LEFT - _RIGHT)


def _y(scale: Scale, value: float) -> float:
    return HEIGHT - _BOTTOM - scale.share(value) * (HEIGHT - _TOP - _BOTTOM)


def _nice_step(span: float) -> float:
    rough = max(span, 1e-12) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    return next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
