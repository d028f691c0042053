"""Sweeps beside their known states, with the common delay taken off."""

from collections.abc import Sequence

import numpy as np

from models.errors import TrainingRefusedError
from models.fingerprint.rehearsal import Paired
from models.fingerprint.view import Echo, WideSweep, echo_of, strongest_delay_s

_MOST_KNOWN = 6
_OWN_REFERENCE = 0.5


def shared_band(sweeps: Sequence[WideSweep]) -> tuple[float, float]:
    """Return the ends of the band that all sweeps cover.

    Raises
    ------
    TrainingRefusedError
        If there is none.
    """
    low = max(float(sweep.frequency_hz[0]) for sweep in sweeps)
    high = min(float(sweep.frequency_hz[-1]) for sweep in sweeps)
    if not high > low:
        raise TrainingRefusedError(
            "the sweeps of the labelled components share no band: name archives that "
            "were measured over one band"
        )
    return low, high


def tells_parts(
    components: Sequence[str], references: Sequence[int], rows: Sequence[int]
) -> bool:
    """Tell whether known states are of other parts: one's own takes itself off."""
    own = [
        components[references[row]] == components[row]
        for row in rows
        if references[row] not in {-1, row}
    ]
    return bool(own) and float(np.mean(own)) < _OWN_REFERENCE


def teams(references: Sequence[int], sessions: Sequence[str]) -> dict[str, list[int]]:
    """Return the known states of every session, by its name."""
    found: dict[str, list[int]] = {name: [] for name in sessions}
    for row in sorted({row for row in references if row >= 0}):
        found[sessions[row]].append(row)
    return found


def known_states(
    row: int, references: Sequence[int], team: Sequence[int]
) -> tuple[int, ...]:
    """Return a sweep's reference, and what can stand for it in its session."""
    others = [each for each in team if each not in {row, references[row]}]
    return (references[row], *others[: _MOST_KNOWN - 1])


def paired(
    names: Sequence[str],
    sweeps: Sequence[WideSweep],
    row: int,
    known: Sequence[int],
) -> Paired:
    """Put a sweep beside known states, all by index."""
    return pair_of(names, sweeps[row], tuple(sweeps[each] for each in known))


def pair_of(
    names: Sequence[str], sweep: WideSweep, known: Sequence[WideSweep | None]
) -> Paired:
    """Put a sweep beside known states; the first one's delay is taken off all."""
    delays = [
        _delay_of(known[0] if known and known[0] is not None else sweep, name)
        for name in names
    ]
    return Paired(
        echoes=_echoes(names, sweep, delays),
        known=[_echoes(names, each, delays) for each in known if each is not None],
    )


def _delay_of(sweep: WideSweep, name: str) -> float:
    if name not in sweep.traces:
        return 0.0
    return strongest_delay_s(sweep.frequency_hz, sweep.traces[name])


def _echoes(
    names: Sequence[str], sweep: WideSweep, delays: Sequence[float]
) -> list[Echo | None]:
    return [
        echo_of(sweep.frequency_hz, sweep.traces[name], delay)
        if name in sweep.traces
        else None
        for name, delay in zip(names, delays, strict=True)
    ]
