"""From scores to honest probabilities: learnt on sweeps that no member has seen."""

from models.calibration.classes import ClassCalibration, calibrate_classes
from models.calibration.cycles import CycledSweeps, NextCycle
from models.calibration.intervals import IntervalCalibration, calibrate_intervals
from models.calibration.novelty import NoveltyCalibration, calibrate_novelty

__all__ = [
    "ClassCalibration",
    "CycledSweeps",
    "IntervalCalibration",
    "NextCycle",
    "NoveltyCalibration",
    "calibrate_classes",
    "calibrate_intervals",
    "calibrate_novelty",
]
