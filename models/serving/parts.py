"""What the fingerprint says of sweeps, in the words of a diagnosis."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.diagnosis import Classification, EstimateState
from models.fingerprint import Fingerprint, FingerprintJudgement, WideSweep
from models.preprocessing.view import SweepView

TOP_COUNT = 3
"""Classes that are listed with their probabilities."""


def wide_sweep_of(view: SweepView) -> WideSweep:
    """Return a sweep as the fingerprint takes it."""
    return WideSweep(frequency_hz=view.frequency_hz, traces=view.traces)


def name_parts(
    fingerprint: Fingerprint, views: Sequence[SweepView]
) -> list[FingerprintJudgement]:
    """Name the part that each sweep shows."""
    found = []
    for view in views:
        reference = None
        if view.reference is not None and view.reference_hz is not None:
            reference = WideSweep(frequency_hz=view.reference_hz, traces=view.reference)
        found.append(fingerprint.judge(wide_sweep_of(view), reference))
    return found


def word_part(judged: FingerprintJudgement, labels: Sequence[str]) -> Classification:
    """Word one judgement; the set keeps its promise where nothing new came."""
    shares: npt.NDArray[np.float64] = judged.probabilities
    order = [int(index) for index in np.argsort(-shares, kind="stable")]
    return Classification(
        state=EstimateState.ESTIMATED,
        label=judged.component,
        probability=float(shares[order[0]]),
        conformal_set=judged.conformal_set,
        top=tuple((labels[index], float(shares[index])) for index in order[:TOP_COUNT]),
    )
