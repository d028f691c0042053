"""The map of limits as a picture: self-contained SVG, a number in every cell."""

import math
from collections.abc import Sequence

from models.twin.limits_map import Aid, Limit

_CELL_WIDTH, _CELL_HEIGHT = 54, 30
_LEFT, _TOP, _GAP = 64, 46, 34
_TITLES = {
    (Aid.ALONE, "T"): "sigma(T)/T, no reference",
    (Aid.REFERENCE, "T"): "sigma(T)/T, with a reference",
    (Aid.ALONE, "B"): "sigma(B) in mT, no reference",
    (Aid.REFERENCE, "B"): "sigma(B) in mT, with a reference",
}
_DECADES = (-3.0, 1.0)
_UNKNOWN_COLOUR = "#d4d4d8"


def draw_limits(limits: Sequence[Limit], title: str) -> str:
    """Return an SVG document with four panels: T and B, alone and with a reference.

    Parameters
    ----------
    limits
        All limits of a map; those of ``Aid.EXACT`` are left out.
    title
        Headline.
    """
    temperatures = sorted({one.temperature_k for one in limits})
    fields = sorted({one.magnetic_field_tesla for one in limits})
    panel_width = _LEFT + _CELL_WIDTH * len(temperatures)
    panel_height = _TOP + _CELL_HEIGHT * len(fields) + _GAP
    parts = [f'<text class="head" x="12" y="24">{_escaped(title)}</text>']
    for (aid, asked), name in _TITLES.items():
        x = 12 + (panel_width + 12) * (0 if aid is Aid.ALONE else 1)
        y = 30 + panel_height * (0 if asked == "T" else 1)
        own = [one for one in limits if one.aid is aid]
        parts.append(f'<g transform="translate({x} {y})">')
        parts.append(f'<text x="{_LEFT}" y="{_TOP - 12}">{name}</text>')
        parts += _axes(temperatures, fields)
        for one in own:
            column = temperatures.index(one.temperature_k)
            row = len(fields) - 1 - fields.index(one.magnetic_field_tesla)
            parts += _cell(column, row, _shown(one, asked))
        parts.append("</g>")
    width, height = 2 * panel_width + 36, 2 * panel_height + 60
    parts.append(
        f'<text x="12" y="{height - 12}">grey: not identifiable, the sweep tells less'
        " than was known before it</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}">\n'
        "<style>text{font:12px sans-serif;fill:#18181b}.head{font-weight:bold}"
        ".n{text-anchor:middle}.e{text-anchor:end}</style>\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _shown(limit: Limit, asked: str) -> float | None:
    if asked == "B":
        sigma_tesla = limit.field_sigma_tesla
        return None if sigma_tesla is None else 1e3 * sigma_tesla
    sigma_k = limit.temperature_sigma_k
    return None if sigma_k is None else sigma_k / limit.temperature_k


def _axes(temperatures: Sequence[float], fields: Sequence[float]) -> list[str]:
    bottom = _TOP + _CELL_HEIGHT * len(fields) + 16
    parts = [
        f'<text class="n" x="{_LEFT + _CELL_WIDTH * (index + 0.5):g}" y="{bottom}">'
        f"{temperature_k:g}</text>"
        for index, temperature_k in enumerate(temperatures)
    ]
    parts += [
        f'<text class="e" x="{_LEFT - 6}"'
        f' y="{_TOP + _CELL_HEIGHT * (len(fields) - 0.5 - index) + 4:g}">'
        f"{1e3 * field_tesla:g}</text>"
        for index, field_tesla in enumerate(fields)
    ]
    parts.append(f'<text class="e" x="{_LEFT - 6}" y="{_TOP - 12}">B / mT</text>')
    parts.append(f'<text class="e" x="{_LEFT - 6}" y="{bottom}">T / K</text>')
    return parts


def _cell(column: int, row: int, value: float | None) -> list[str]:
    x, y = _LEFT + _CELL_WIDTH * column, _TOP + _CELL_HEIGHT * row
    colour = _UNKNOWN_COLOUR if value is None else _colour(value)
    text = "-" if value is None else f"{value:.2g}"
    size = f'width="{_CELL_WIDTH - 1}" height="{_CELL_HEIGHT - 1}"'
    return [
        f'<rect x="{x}" y="{y}" {size} fill="{colour}"/>',
        f'<text class="n" x="{x + 0.5 * _CELL_WIDTH:g}" y="{y + 19}">{text}</text>',
    ]


def _colour(value: float) -> str:
    """Return a colour from green (small) by white to orange (large), by decades."""
    low, high = _DECADES
    share = (math.log10(max(value, 1e-12)) - low) / (high - low)
    share = min(max(share, 0.0), 1.0)
    ends = ((74, 160, 110), (250, 246, 220), (232, 120, 60))
    first, second = ends[:2] if share < 0.5 else ends[1:]
    part = 2.0 * share if share < 0.5 else 2.0 * share - 1.0
    mixed = (round(a + part * (b - a)) for a, b in zip(first, second, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
