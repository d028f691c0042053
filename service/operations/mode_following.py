"""Follows the mode of a cavity over its transmission sweeps, and its drift."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from instruments.measurement import SweepPurpose
from models.diagnosis import (
    Diagnosis,
    FollowedMode,
    ResonanceEstimate,
    ResonanceState,
    TrackState,
)
from models.fitting import (
    ModeTrack,
    advance,
    begin,
    drift_per_sweep_hz,
    without_drift,
)
from service.alerts.modes import MODE_LOST
from service.storage.alert_records import RuleState
from service.storage.engine import Transaction
from service.storage.mode_tracks import (
    KeptTrack,
    Sighting,
    get_mode_track,
    put_mode_track,
)
from service.storage.records import SweepRecord
from service.storage.rule_states import get_rule_state, lock_rules, put_rule_state

TIME = "time"
"""The axis of a track whose sweeps tell no position of the tuner."""

BEGIN_AGAIN_COUNT = 3
"""Clean fits in a row after which a cavity whose mode was lost is followed anew."""

LEAST_SIGNIFICANCE = 5.0
"""Standard deviations that f0 must move to be a drift."""

_POSITION_SUFFIXES = ("_m", "_rad")
_LARGEST_CHANGE = 0.5


def follow_mode(
    transaction: Transaction, sweep: SweepRecord, diagnosis: Diagnosis, now: datetime
) -> Diagnosis:
    """Take the fit of a transmission sweep into its cavity's track.

    Runs in the transaction that stores the diagnosis.

    Returns
    -------
    Diagnosis
        With the mode that it shows, and with the bias of a drift taken off the Q where
        a drift is known and mattered.
    """
    fit = diagnosis.resonance
    if sweep.purpose is not SweepPurpose.TRANSMISSION or fit is None:
        return diagnosis
    if fit.state is ResonanceState.INSTRUMENT_FAULT:
        return diagnosis
    lock_rules(transaction)
    kept = get_mode_track(transaction, sweep.cavity)
    if kept is not None and sweep.measured_at <= kept.measured_at:
        # One that comes late would turn the track around.
        return diagnosis
    axis, position = tuner_position(sweep)
    look = _Look(axis=axis, position=position, fit=fit, at=sweep.measured_at)
    fresh = _advance(kept, look)
    if fresh is None:
        return diagnosis
    put_mode_track(transaction, sweep.cavity, fresh)
    _stand(transaction, sweep.cavity, fresh, now)
    rate_hz_per_s = drift_rate_hz_per_s(fresh.sightings, by_time=axis == TIME)
    return replace(
        diagnosis,
        resonance=_corrected(fit, sweep, fresh.sightings, rate_hz_per_s),
        mode=FollowedMode(
            number=fresh.number,
            state=fresh.track.state,
            axis=axis,
            expected_frequency_hz=fresh.track.mode.resonant_frequency_hz,
            other_frequency_hz=fresh.track.other_frequency_hz,
            drift_hz_per_s=rate_hz_per_s,
            reason=fresh.track.reason,
        ),
    )


def tuner_position(sweep: SweepRecord) -> tuple[str, float]:
    """Return what tells the position of the tuner, and the position.

    The first condition of the sweep that is a length or an angle; without one the time
    in seconds stands for it, which holds while the tuning is steady.
    """
    conditions: Mapping[str, Any] = sweep.details.get("conditions", {})
    for name in sorted(conditions):
        if name.endswith(_POSITION_SUFFIXES):
            return name, float(conditions[name])
    return TIME, sweep.measured_at.timestamp()


def drift_rate_hz_per_s(
    sightings: tuple[Sighting, ...], *, by_time: bool
) -> float | None:
    """Return how fast f0 moves while nobody tunes, in Hz/s; None where unknown.

    Parameters
    ----------
    sightings
        The last clean ones, oldest first.
    by_time
        Whether no position is told: then three in a row must move alike, since one
        step of the tuner is no drift.
    """
    if len(sightings) < 2:
        return None
    rate = _rate(sightings[-2], sightings[-1])
    if rate is None or not by_time:
        return rate
    before = _rate(sightings[-3], sightings[-2]) if len(sightings) > 2 else None
    if before is None or abs(rate - before) > _LARGEST_CHANGE * abs(rate):
        return None
    return rate


def _rate(earlier: Sighting, later: Sighting) -> float | None:
    if earlier.position != later.position and earlier.axis == later.axis != TIME:
        return None
    moved_hz = later.resonant_frequency_hz - earlier.resonant_frequency_hz
    sigma_hz = (earlier.sigma_hz**2 + later.sigma_hz**2) ** 0.5
    seconds = (later.measured_at - earlier.measured_at).total_seconds()
    if seconds <= 0.0 or abs(moved_hz) < LEAST_SIGNIFICANCE * sigma_hz:
        return None
    return moved_hz / seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A fit, where the tuner was, and when."""

    axis: str
    position: float
    fit: ResonanceEstimate
    at: datetime

    @property
    def is_clean(self) -> bool:
        """Whether the fit shows one mode without doubt."""
        return self.fit.state is ResonanceState.OK


def _advance(kept: KeptTrack | None, look: _Look) -> KeptTrack | None:
    """Return the track with this fit; None where there is no mode to begin with."""
    if kept is None or kept.axis != look.axis:
        return _begin(kept, look)
    if kept.track.state is TrackState.LOST:
        count = kept.clean_count + 1 if look.is_clean else 0
        if count >= BEGIN_AGAIN_COUNT:
            return _begin(kept, look)
        return replace(kept, measured_at=look.at, clean_count=count)
    track = advance(kept.track, look.position, look.fit)
    return replace(
        kept,
        track=track,
        measured_at=look.at,
        clean_count=0,
        sightings=_seen(kept.sightings, track, look),
    )


def _begin(kept: KeptTrack | None, look: _Look) -> KeptTrack | None:
    track = begin(look.position, look.fit)
    if track is None:
        return kept and replace(kept, measured_at=look.at)
    return KeptTrack(
        number=1 if kept is None else kept.number + 1,
        axis=look.axis,
        track=track,
        measured_at=look.at,
        clean_count=0,
        sightings=_seen((), track, look),
    )


def _seen(
    sightings: tuple[Sighting, ...], track: ModeTrack, look: _Look
) -> tuple[Sighting, ...]:
    """Add a clean fit of the followed mode; anything else ends the row."""
    sigma_hz = look.fit.resonant_frequency_sigma_hz
    if track.state is not TrackState.FOLLOWED or not look.is_clean or sigma_hz is None:
        return ()
    fresh = Sighting(
        measured_at=look.at,
        axis=look.axis,
        position=look.position,
        resonant_frequency_hz=track.mode.resonant_frequency_hz,
        sigma_hz=sigma_hz,
    )
    return (*sightings, fresh)[-3:]


def _corrected(
    fit: ResonanceEstimate,
    sweep: SweepRecord,
    sightings: tuple[Sighting, ...],
    rate_hz_per_s: float | None,
) -> ResonanceEstimate:
    sweep_time_s = sweep.details.get("settings", {}).get("sweep_time_s")
    if rate_hz_per_s is None or not sweep_time_s or len(sightings) < 2:
        return fit
    earlier, later = sightings[-2], sightings[-1]
    drift_hz = drift_per_sweep_hz(
        _estimate(earlier),
        _estimate(later),
        interval_s=(later.measured_at - earlier.measured_at).total_seconds(),
        sweep_time_s=float(sweep_time_s),
    )
    assert drift_hz is not None
    span_hz = sweep.stop_frequency_hz - sweep.start_frequency_hz
    return without_drift(fit, drift_hz=drift_hz, span_hz=span_hz)


def _estimate(sighting: Sighting) -> ResonanceEstimate:
    return ResonanceEstimate(
        state=ResonanceState.OK, resonant_frequency_hz=sighting.resonant_frequency_hz
    )


def _stand(
    transaction: Transaction, cavity: str, kept: KeptTrack, now: datetime
) -> None:
    # Without a position a step of the tuner looks like a mode that is gone.
    stands = kept.track.state is TrackState.LOST and kept.axis != TIME
    known = get_rule_state(transaction, MODE_LOST, cavity)
    was = known is not None and known.is_fulfilled
    if stands != was:
        rule = RuleState(
            rule=MODE_LOST,
            subject=cavity,
            is_fulfilled=stands,
            since=now,
            alert_id=None if known is None else known.alert_id,
        )
        put_rule_state(transaction, rule)
