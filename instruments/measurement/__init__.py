"""The shared vocabulary: Sweep, SweepPlan, Reading, units and the sweep message."""

from instruments.measurement.arrays import FrequencyAxis, TraceArray
from instruments.measurement.checks import check_frequency_axis
from instruments.measurement.errors import MeasurementError
from instruments.measurement.flags import TruthFlag
from instruments.measurement.plan import SweepPlan, SweepSegment
from instruments.measurement.provenance import InstrumentIdentity
from instruments.measurement.reading import Reading
from instruments.measurement.segments import SegmentLimits
from instruments.measurement.sweep import Sweep, SweepPurpose, SweepSettings

__all__ = [
    "FrequencyAxis",
    "InstrumentIdentity",
    "MeasurementError",
    "Reading",
    "SegmentLimits",
    "Sweep",
    "SweepPlan",
    "SweepPurpose",
    "SweepSegment",
    "SweepSettings",
    "TraceArray",
    "TruthFlag",
    "check_frequency_axis",
]
