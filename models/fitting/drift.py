r"""What a mode that drifts while it is swept does to the numbers of a fit.

Where f0 moves by D during a sweep of the (signed) span S, the sweep sees the line
stretched: with :math:`v = D / S` the width comes out as :math:`1 / (1 - v)` of the true
one. A single sweep cannot tell: the stretched line is a Lorentzian again. Two sweeps
can.
"""

from dataclasses import replace
from typing import Any

from models.diagnosis import ResonanceEstimate, ResonanceFlag

LARGEST_HIDDEN_RATIO = 0.05
"""A drift that changes Q by more than this is flagged."""

_LARGEST_RATIO = 0.9


def drift_per_sweep_hz(
    earlier: ResonanceEstimate,
    later: ResonanceEstimate,
    *,
    interval_s: float,
    sweep_time_s: float,
) -> float | None:
    """Return how far f0 moves during one sweep, in Hz, from two sweeps alike.

    Parameters
    ----------
    interval_s
        From the beginning of the one to the beginning of the other.
    sweep_time_s
        Of one sweep.
    """
    first, second = earlier.resonant_frequency_hz, later.resonant_frequency_hz
    if first is None or second is None or interval_s <= 0.0:
        return None
    return (second - first) / interval_s * sweep_time_s


def drift_of_opposite_sweeps(
    upward: ResonanceEstimate, downward: ResonanceEstimate, *, span_hz: float
) -> float | None:
    """Return how far f0 moves during one sweep, in Hz, from the two directions.

    Upward and downward see Q smaller by 1 - v and larger by 1 + v.

    Parameters
    ----------
    span_hz
        Length of the axis.
    """
    if upward.loaded_q is None or downward.loaded_q is None:
        return None
    total = upward.loaded_q + downward.loaded_q
    return span_hz * (downward.loaded_q - upward.loaded_q) / total


def without_drift(
    estimate: ResonanceEstimate, *, drift_hz: float, span_hz: float
) -> ResonanceEstimate:
    """Take the bias of a known drift off, and flag it where it mattered.

    f0 is left: it holds for the moment at which the line was passed.

    Parameters
    ----------
    drift_hz
        Motion of f0 during the sweep.
    span_hz
        Stop minus start frequency of the sweep; negative where it went downward.
    """
    if estimate.loaded_q is None:
        return estimate
    ratio = drift_hz / span_hz
    ratio = min(max(ratio, -_LARGEST_RATIO), _LARGEST_RATIO)
    flags = set(estimate.flags)
    if abs(ratio) > LARGEST_HIDDEN_RATIO:
        flags.add(ResonanceFlag.SMEARED)
    scaled: dict[str, Any] = {
        name: None if value is None else value / (1.0 - ratio)
        for name, value in (
            (name, getattr(estimate, name))
            for stem in ("loaded_q", "unloaded_q", "coupling_q")
            for name in (stem, f"{stem}_sigma")
        )
    }
    wander_hz = estimate.frequency_wander_hz
    if abs(ratio) > LARGEST_HIDDEN_RATIO and wander_hz is None:
        wander_hz = abs(drift_hz)
    return replace(
        estimate,
        flags=tuple(sorted(flags)),
        frequency_wander_hz=wander_hz,
        **scaled,
    )
