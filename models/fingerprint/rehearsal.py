"""Sweeps in bins, as measured and as another campaign would show them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.fingerprint.bank import Seen
from models.fingerprint.recabling import Recabling
from models.fingerprint.view import Echo, Reals, View

_LEVELS = (0.1, 0.1, 0.2)
"""Amplitudes of the echoes of a re-made line: as between campaigns, and twice that."""

_MOST_REHEARSED = 240


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paired:
    """A sweep and the known states it may be compared with.

    Attributes
    ----------
    echoes
        Of the sweep by trace; with the delay of the known state taken off, or its own
        where there is none.
    known
        Known states by trace, as many as the session has; the first is the sweep's own
        reference. Empty for an absolute view.
    """

    echoes: Sequence[Echo | None]
    known: Sequence[Sequence[Echo | None]]

    def seen(self, view: View) -> Seen:
        """Bring the pair to bins, as a ratio where there is a known state."""
        return see(view, self.echoes, self.known[0] if self.known else None)


def see(
    view: View, echoes: Sequence[Echo | None], known: Sequence[Echo | None] | None
) -> Seen:
    """Bring echoes to bins, divided by those of a known state where there is one."""
    values, covered = [], []
    for number, echo in enumerate(echoes):
        other = None if known is None else known[number]
        if echo is None or (known is not None and other is None):
            values.append(np.zeros(view.centres_hz.size, dtype=np.complex128))
            covered.append(np.zeros(view.centres_hz.size, dtype=np.bool_))
            continue
        binned, cover = view.binned(echo)
        if other is not None:
            below, also = view.binned(other)
            least = 1e-3 * np.sqrt(np.mean(np.abs(below) ** 2)) + 1e-30
            cover = cover & also & (np.abs(below) > least)
            binned = np.divide(
                binned, below, out=np.zeros_like(binned), where=np.abs(below) > least
            )
        values.append(binned)
        covered.append(cover)
    return Seen(values=np.stack(values), covered=np.stack(covered))


def rehearse(
    view: View,
    pairs: Sequence[Paired],
    labels: npt.NDArray[np.intp],
    rng: np.random.Generator,
) -> tuple[list[Seen], npt.NDArray[np.intp]]:
    """Show sweeps through re-made lines, against another known state where one is."""
    rows = np.arange(len(pairs))
    if rows.size > _MOST_REHEARSED:
        rows = np.sort(rng.choice(rows, _MOST_REHEARSED, replace=False))
    rehearsed, truth = [], []
    for row in rows:
        pair = pairs[int(row)]
        for level in _LEVELS:
            line = Recabling.draw(rng, level)
            known = (
                pair.known[int(rng.integers(len(pair.known)))] if pair.known else None
            )
            passed = [_level(echo) for echo in (known or pair.echoes)]
            rehearsed.append(
                see(
                    view,
                    _through(line, pair.echoes, passed, rng),
                    None if known is None else _through(line, known, passed, rng),
                )
            )
            truth.append(labels[row])
    return rehearsed, np.array(truth, dtype=np.intp)


def _through(
    line: Recabling,
    echoes: Sequence[Echo | None],
    levels: Sequence[Reals | None],
    rng: np.random.Generator,
) -> list[Echo | None]:
    return [
        None
        if echo is None or level is None or level.size != echo.values.size
        else line.apply(echo, level, rng)
        for echo, level in zip(echoes, levels, strict=True)
    ]


def _level(echo: Echo | None) -> Reals | None:
    """Return the smooth magnitude of a trace."""
    if echo is None:
        return None
    width = max(echo.values.size // 16, 1)
    total = np.convolve(np.abs(echo.values) ** 2, np.ones(width), "same")
    count = np.convolve(np.ones(echo.values.size), np.ones(width), "same")
    return np.asarray(np.sqrt(total / count))
