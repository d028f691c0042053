"""The stages of an evaluation."""

from collections.abc import Mapping
from enum import StrEnum


class EvaluationStage(StrEnum):
    """What an evaluation does, in its order."""

    SWEEPS = "sweeps"
    NETWORKS = "networks, trained anew"
    BASELINES = "baselines"
    SUBSETS = "sets of traces"
    CHECKS = "checks"


SHARES: Mapping[StrEnum, float] = {
    EvaluationStage.SWEEPS: 0.05,
    EvaluationStage.NETWORKS: 0.35,
    EvaluationStage.BASELINES: 0.4,
    EvaluationStage.SUBSETS: 0.1,
    EvaluationStage.CHECKS: 0.1,
}
"""Of usual times."""
