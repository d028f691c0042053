"""The life of an array as a pure function of seed and time."""

from instruments.simulation.life.failure_event import FailureEvent
from instruments.simulation.life.life import Life
from instruments.simulation.life.plan import (
    CavityPlace,
    Intervention,
    LifePlan,
    MagnetRamp,
    RunPlan,
    ThermalCycle,
    Touch,
    Work,
)
from instruments.simulation.life.recording import record
from instruments.simulation.life.sample import HEALTHY, LifeSample
from instruments.simulation.life.truth import truth_records, write_truth
from instruments.simulation.life.tuning import wide_sweep_times

__all__ = [
    "HEALTHY",
    "CavityPlace",
    "FailureEvent",
    "Intervention",
    "Life",
    "LifePlan",
    "LifeSample",
    "MagnetRamp",
    "RunPlan",
    "ThermalCycle",
    "Touch",
    "Work",
    "record",
    "truth_records",
    "wide_sweep_times",
    "write_truth",
]
