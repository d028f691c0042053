"""The shared vocabulary: Sweep, SweepPlan, Reading, units and the sweep message."""

from instruments.measurement.arrays import FrequencyAxis, TraceArray
from instruments.measurement.errors import MeasurementError
from instruments.measurement.provenance import InstrumentIdentity
from instruments.measurement.reading import Reading
from instruments.measurement.sweep import (
    Sweep,
    SweepPlan,
    SweepPurpose,
    SweepSettings,
    check_frequency_axis,
)

__all__ = [
    "FrequencyAxis",
    "InstrumentIdentity",
    "MeasurementError",
    "Reading",
    "Sweep",
    "SweepPlan",
    "SweepPurpose",
    "SweepSettings",
    "TraceArray",
    "check_frequency_axis",
]
