"""Where a sweep is strange, and what the second opinion is, in words and shades."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from models.diagnosis.wording import condition_words
from service.dashboard.wording import percent

_SCORES = {
    "t2": "T², inside of what varies usually",
    "q": "Q, outside of it",
    "twin_chi_square": "χ², what the fitted twin does not explain",
}


class Strip(NamedTuple):
    """What the traces and bands add to one score.

    Attributes
    ----------
    title
        What the score measures.
    rows
        Trace to a shade from 0 to 1 for each band.
    most
        Where most of it comes from, in words.
    """

    title: str
    rows: Mapping[str, list[float]]
    most: str


def strangeness_strips(diagnosis: Mapping[str, Any] | None) -> list[Strip]:
    """Return one strip a score; none where the model tells no contributions."""
    strange = (diagnosis or {}).get("out_of_distribution") or {}
    found = strange.get("contributions") or {}
    return [
        _strip(title, found[name], found.get("bands_hz") or [])
        for name, title in _SCORES.items()
        if found.get(name)
    ]


def opinion_lines(diagnosis: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return what another method says, as pairs of a name and words."""
    return list(_opinion((diagnosis or {}).get("second_opinion") or {}))


def _opinion(opinion: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    condition = opinion.get("condition") or {}
    if condition.get("probability") is not None:
        share = percent(condition["probability"])
        yield "Condition", f"{condition_words(condition['label'])}, {share}"
    for name, word, unit, scale in (
        ("temperature_k", "T", "K", 1.0),
        ("magnetic_field_tesla", "B", "mT", 1e3),
    ):
        told = opinion.get(name) or {}
        if told.get("p05") is not None:
            low, high = (scale * told[key] for key in ("p05", "p95"))
            words = f"{low:.3g} to {high:.3g} {unit}"
            yield f"{word}, 90 %", words.replace("-", "\N{MINUS SIGN}")


def _strip(
    title: str, shares: Mapping[str, list[float]], bands_hz: list[list[float]]
) -> Strip:
    largest = max((max(row) for row in shares.values()), default=0.0) or 1.0
    rows = {
        trace: [max(share, 0.0) / largest for share in row]
        for trace, row in shares.items()
    }
    trace = max(shares, key=lambda name: max(shares[name]))
    band = shares[trace].index(max(shares[trace]))
    where = f"sixteenth {band + 1}"
    if band < len(bands_hz):
        start, stop = (1e-9 * edge_hz for edge_hz in bands_hz[band])
        where = f"{start:.2f} to {stop:.2f} GHz"
    return Strip(title, rows, f"most of it {trace}, {where}")
