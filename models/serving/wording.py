"""From numbers to the vocabulary of a diagnosis."""

import numpy as np
import numpy.typing as npt

from models.calibration import ClassCalibration
from models.calibration.novelty import FLAG_BELOW, SCORES
from models.diagnosis import (
    UNKNOWN,
    Classification,
    Estimate,
    EstimateState,
    OutOfDistribution,
)
from models.networks.density import DensityGrid
from models.serving.trained import Judgements

Reals = npt.NDArray[np.float64]

TOP_COUNT = 3
"""Classes that are listed with their probabilities."""

NO_REFERENCE = Estimate(state=EstimateState.NO_REFERENCE)
"""The estimate of a head that compares, where there is nothing to compare with."""

UNREFERENCED = Classification(state=EstimateState.NO_REFERENCE)
"""The class of a head that compares, where there is nothing to compare with."""


def word_estimate(
    quantiles: Reals, grid: DensityGrid, *, told: bool, strange: bool
) -> Estimate:
    """Word one density.

    Parameters
    ----------
    quantiles
        In the coordinate, shape (level,).
    told
        Whether they are narrow enough to say anything.
    strange
        Whether the sweep lies outside of what was trained; then nothing is said.
    """
    if strange:
        return Estimate(state=EstimateState.NOT_DETERMINABLE)
    p05, p16, median, p84, p95 = (float(value) for value in grid.value(quantiles))
    if not told:
        # The interval still holds: it is wide because the receiver is cold.
        return Estimate(
            state=EstimateState.NOT_DETERMINABLE, p05=p05, p16=p16, p84=p84, p95=p95
        )
    return Estimate(
        state=EstimateState.ESTIMATED,
        median=median,
        p05=p05,
        p16=p16,
        p84=p84,
        p95=p95,
    )


def word_classes(
    probabilities: Reals,
    labels: tuple[str, ...],
    calibration: ClassCalibration,
    *,
    strange: bool,
) -> Classification:
    """Word one row of class probabilities, shape (class,)."""
    order = np.argsort(-probabilities, kind="stable")
    best = int(order[0])
    known = probabilities[best] >= calibration.unknown_threshold and not strange
    chosen = {
        int(index)
        for index in order
        if probabilities[index] >= calibration.set_threshold
    }
    if known:
        chosen.add(best)
    return Classification(
        state=EstimateState.ESTIMATED,
        label=labels[best] if known else UNKNOWN,
        probability=float(probabilities[best]),
        conformal_set=tuple(labels[int(index)] for index in order if index in chosen),
        top=tuple(
            (labels[int(index)], float(probabilities[index]))
            for index in order[:TOP_COUNT]
        ),
    )


def word_novelty(judgements: Judgements, row: int) -> OutOfDistribution:
    """Word how strange one sweep is; no p-value where there was no reference."""
    if not judgements.compared[row]:
        return OutOfDistribution()
    p_value = float(judgements.p_value[row])
    scores = {
        name: float(value)
        for name, value in zip(SCORES, judgements.novelty[row], strict=True)
    }
    return OutOfDistribution(p_value=p_value, flag=p_value < FLAG_BELOW, scores=scores)
