"""Temperature from the line of a resonator."""

from models.thermometry.observation import (
    LineObservation,
    fit_lines,
    observe,
    observe_sweep,
)
from models.thermometry.thermometer import (
    ResonatorThermometer,
    TemperatureJudgement,
    ThermometryState,
)

__all__ = [
    "LineObservation",
    "ResonatorThermometer",
    "TemperatureJudgement",
    "ThermometryState",
    "fit_lines",
    "observe",
    "observe_sweep",
]
