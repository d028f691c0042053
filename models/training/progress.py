"""The stages of a training."""

from collections.abc import Mapping
from enum import StrEnum


class Stage(StrEnum):
    """What a training does, in its order."""

    SWEEPS = "sweeps"
    NETWORKS = "networks"
    OPINION = "second opinion"
    READERS = "readers"
    BASELINES = "baselines"


SHARES: Mapping[StrEnum, float] = {
    Stage.SWEEPS: 0.1,
    Stage.NETWORKS: 0.55,
    Stage.OPINION: 0.1,
    Stage.READERS: 0.15,
    Stage.BASELINES: 0.1,
}
"""Of usual times."""
