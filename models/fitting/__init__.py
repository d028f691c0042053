"""Resonance fits: from a narrow trace to f0, Q and coupling, or an honest no."""

from models.diagnosis import TrackState
from models.fitting.drift import (
    drift_of_opposite_sweeps,
    drift_per_sweep_hz,
    without_drift,
)
from models.fitting.lineshape import LineShape
from models.fitting.resonance import fit_resonance
from models.fitting.tracking import ModeTrack, advance, begin

__all__ = [
    "LineShape",
    "ModeTrack",
    "TrackState",
    "advance",
    "begin",
    "drift_of_opposite_sweeps",
    "drift_per_sweep_hz",
    "fit_resonance",
    "without_drift",
]
