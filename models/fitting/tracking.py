"""Which mode is which while the cavity is tuned: identity over successive fits.

A pure state: :func:`advance` takes the track so far and the next fit, and returns the
track then. Through a crossing the track coasts on the line that the mode was on before,
since it is there that an uncoupled mode comes out again; where that cannot be told, the
track is lost and says so.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.diagnosis import (
    ResonanceEstimate,
    ResonanceFlag,
    ResonanceState,
    TrackState,
)

MEMORY_COUNT = 8
"""Fits that the prediction rests on."""

MAX_MISSED_COUNT = 5
"""Fits in a row without the mode after which it is lost."""

MAX_CROSSING_COUNT = 30
"""Fits in a row within a crossing after which it is lost."""

_USABLE = frozenset({ResonanceState.OK, ResonanceState.AMBIGUOUS})
_GATE_LINEWIDTHS = 1.0
_GATE_STEPS = 0.5
_LARGEST_Q_RATIO = 3.0
_CLEARLY_FARTHER = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedMode:
    """A mode as it was seen at one position of the tuner.

    Attributes
    ----------
    position
        Of the tuner, in any unit.
    """

    position: float
    resonant_frequency_hz: float
    loaded_q: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeTrack:
    """A mode and where it has been.

    Attributes
    ----------
    mode
        Where it is: measured if ``followed``, else predicted.
    history
        The last clean sightings, oldest first.
    other_frequency_hz
        Where the mode that is crossed was seen last.
    missed_count, crossing_count
        Fits in a row without the mode, and within a crossing.
    reason
        One sentence unless it is followed.
    """

    state: TrackState
    mode: TrackedMode
    history: tuple[TrackedMode, ...]
    other_frequency_hz: float | None = None
    missed_count: int = 0
    crossing_count: int = 0
    reason: str | None = None


def begin(position: float, fit: ResonanceEstimate) -> ModeTrack | None:
    """Begin to follow the mode of a fit; None where it holds no single mode."""
    seen = _seen(position, fit)
    if fit.state is not ResonanceState.OK or not seen:
        return None
    return ModeTrack(state=TrackState.FOLLOWED, mode=seen[0], history=(seen[0],))


def advance(track: ModeTrack, position: float, fit: ResonanceEstimate) -> ModeTrack:
    """Take the next fit.

    Parameters
    ----------
    position
        Of the tuner, in the unit of the track.
    fit
        The fit of the sweep at that position.

    Returns
    -------
    ModeTrack
        A lost track stays lost.
    """
    if track.state is TrackState.LOST:
        return track
    expected = predict(track, position)
    gate_hz = _gate_hz(track, expected)
    seen = _seen(position, fit)
    near = [mode for mode in seen if _distance_hz(mode, expected) < gate_hz]
    is_crossing = ResonanceFlag.CROSSING in fit.flags
    if len(track.history) == 1 and not is_crossing:
        near = _clearly_nearest(near, expected)
    if len(seen) > 1 and (is_crossing or len(near) > 1):
        return _cross(track, expected, seen)
    ours = [mode for mode in near if _is_ours(track, mode, expected)]
    if len(ours) != 1:
        return _miss(track, expected, has_mode=bool(seen))
    return ModeTrack(
        state=TrackState.FOLLOWED,
        mode=ours[0],
        history=(*track.history, ours[0])[-MEMORY_COUNT:],
        other_frequency_hz=next(
            (mode.resonant_frequency_hz for mode in seen if mode is not ours[0]),
            None,
        ),
    )


def predict(track: ModeTrack, position: float) -> TrackedMode:
    """Return where the mode should be, on a straight line through its history."""
    last = track.history[-1]
    return TrackedMode(
        position=position,
        resonant_frequency_hz=last.resonant_frequency_hz
        + _slope(track.history) * (position - last.position),
        loaded_q=float(np.median([mode.loaded_q for mode in track.history])),
    )


def _cross(
    track: ModeTrack, expected: TrackedMode, seen: list[TrackedMode]
) -> ModeTrack:
    other = max(seen, key=lambda mode: _distance_hz(mode, expected))
    count = track.crossing_count + 1
    if count > MAX_CROSSING_COUNT:
        return _lost(track, expected, "the crossing does not end")
    return replace(
        track,
        state=TrackState.CROSSING,
        mode=expected,
        other_frequency_hz=other.resonant_frequency_hz,
        crossing_count=count,
        missed_count=0,
        reason=f"crossing a mode near {other.resonant_frequency_hz:.0f} Hz",
    )


def _miss(track: ModeTrack, expected: TrackedMode, *, has_mode: bool) -> ModeTrack:
    reason = (
        "the mode that was found is not where the followed one should be"
        if has_mode
        else "no mode was found"
    )
    count = track.missed_count + 1
    if count > MAX_MISSED_COUNT:
        return _lost(track, expected, reason)
    return replace(
        track,
        state=TrackState.MISSED,
        mode=expected,
        missed_count=count,
        reason=reason,
    )


def _lost(track: ModeTrack, expected: TrackedMode, reason: str) -> ModeTrack:
    return replace(track, state=TrackState.LOST, mode=expected, reason=reason)


def _is_ours(track: ModeTrack, mode: TrackedMode, expected: TrackedMode) -> bool:
    ratio = mode.loaded_q / expected.loaded_q
    if not 1.0 / _LARGEST_Q_RATIO < ratio < _LARGEST_Q_RATIO:
        return False
    other_hz = track.other_frequency_hz
    if other_hz is None:
        return True
    # The crossed mode hardly tunes; what is nearer to it is not ours.
    to_other_hz = abs(mode.resonant_frequency_hz - other_hz)
    return _distance_hz(mode, expected) < to_other_hz


def _gate_hz(track: ModeTrack, expected: TrackedMode) -> float:
    linewidth_hz = expected.resonant_frequency_hz / expected.loaded_q
    last = track.history[-1]
    step_hz = abs(expected.resonant_frequency_hz - last.resonant_frequency_hz)
    if len(track.history) == 1:
        # Nothing is known of the slope yet: the first step is taken on trust.
        return 0.02 * expected.resonant_frequency_hz
    share = _GATE_STEPS / max(len(track.history) - 1, 1)
    return _GATE_LINEWIDTHS * linewidth_hz + share * step_hz


def _clearly_nearest(
    near: list[TrackedMode], expected: TrackedMode
) -> list[TrackedMode]:
    """Keep the one mode that is much nearer than the others, if there is one.

    The first step is taken on trust, so that its gate holds every mode of the span.
    """
    ordered = sorted(near, key=lambda mode: _distance_hz(mode, expected))
    if len(ordered) > 1:
        first, second = (_distance_hz(mode, expected) for mode in ordered[:2])
        if second > _CLEARLY_FARTHER * first:
            return ordered[:1]
    return near


def _slope(history: tuple[TrackedMode, ...]) -> float:
    if len(history) < 2:
        return 0.0
    positions = np.array([mode.position for mode in history])
    frequencies = np.array([mode.resonant_frequency_hz for mode in history])
    away = positions - positions.mean()
    spread = float(away @ away)
    return float(away @ (frequencies - frequencies.mean())) / spread if spread else 0.0


def _seen(position: float, fit: ResonanceEstimate) -> list[TrackedMode]:
    if fit.state not in _USABLE:
        return []
    pairs = (
        (fit.resonant_frequency_hz, fit.loaded_q),
        (fit.second_frequency_hz, fit.second_loaded_q),
    )
    return [
        TrackedMode(position=position, resonant_frequency_hz=f0_hz, loaded_q=loaded_q)
        for f0_hz, loaded_q in pairs
        if f0_hz is not None and loaded_q is not None
    ]


def _distance_hz(mode: TrackedMode, expected: TrackedMode) -> float:
    return abs(mode.resonant_frequency_hz - expected.resonant_frequency_hz)
