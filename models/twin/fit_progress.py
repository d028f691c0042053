"""The stages of a fit of the twin."""

from collections.abc import Mapping
from enum import StrEnum


class FitStage(StrEnum):
    """What a fit does, in its order."""

    ECHOES = "echoes"
    HALF_CYCLES = "half cycles"
    TOUCHING = "planes that touch"
    BEHIND = "behind the switch"
    JOINT = "joint descent"
    POINTS = "every point"


SHARES: Mapping[StrEnum, float] = {
    FitStage.ECHOES: 0.1,
    FitStage.HALF_CYCLES: 0.2,
    FitStage.TOUCHING: 0.3,
    FitStage.BEHIND: 0.1,
    FitStage.JOINT: 0.1,
    FitStage.POINTS: 0.2,
}
"""Of usual times."""
