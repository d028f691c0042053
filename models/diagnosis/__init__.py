"""What is concluded from one sweep: densities, classes, and the courage to say no."""

from models.diagnosis.classification import NOT_CLASSIFIED, UNKNOWN, Classification
from models.diagnosis.diagnosis import Diagnosis
from models.diagnosis.estimate import (
    LABEL,
    NOT_TRAINED,
    Estimate,
    EstimateState,
    LabelEstimate,
)
from models.diagnosis.followed_mode import FollowedMode, TrackState
from models.diagnosis.resonance import (
    ResonanceEstimate,
    ResonanceFlag,
    ResonanceKind,
    ResonanceState,
)
from models.diagnosis.second_opinion import SecondOpinion
from models.diagnosis.strangeness import Jump, OutOfDistribution

__all__ = [
    "LABEL",
    "NOT_CLASSIFIED",
    "NOT_TRAINED",
    "UNKNOWN",
    "Classification",
    "Diagnosis",
    "Estimate",
    "EstimateState",
    "FollowedMode",
    "Jump",
    "LabelEstimate",
    "OutOfDistribution",
    "ResonanceEstimate",
    "ResonanceFlag",
    "ResonanceKind",
    "ResonanceState",
    "SecondOpinion",
    "TrackState",
]
