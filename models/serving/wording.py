"""From numbers to the vocabulary of a diagnosis."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import ClassCalibration
from models.calibration.novelty import FLAG_BELOW
from models.calibration.presence import PresenceCalibration, parts_of
from models.diagnosis import (
    NOT_CLASSIFIED,
    NOT_TRAINED,
    UNKNOWN,
    Classification,
    Estimate,
    EstimateState,
    OutOfDistribution,
    SecondOpinion,
)
from models.networks.contributions import BAND_COUNT
from models.networks.density import DensityGrid
from models.opinion import OpinionReading
from models.preprocessing.canonical import CanonicalForm
from models.serving.estimation import determined
from models.serving.trained import HEALTHY, Judgements

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


def with_presence(
    classes: Classification,
    shares: Reals,
    labels: tuple[str, ...],
    presence: PresenceCalibration,
) -> Classification:
    """Add which conditions are there, each for itself; shares of shape (class,)."""
    parts = parts_of(labels, HEALTHY)
    said = presence.probabilities(shares[None])[0]
    return replace(
        classes,
        present={part: float(each) for part, each in zip(parts, said, strict=True)},
        present_set=tuple(
            part
            for part, each, least in zip(parts, said, presence.thresholds, strict=True)
            if each >= least
        ),
    )


def word_novelty(
    judgements: Judgements, row: int, names: tuple[str, ...], form: CanonicalForm
) -> OutOfDistribution:
    """Word how strange one sweep is; no p-value where there was no reference."""
    if not judgements.compared[row]:
        return OutOfDistribution()
    p_value = float(judgements.p_value[row])
    scores = {
        name: float(value)
        for name, value in zip(names, judgements.novelty[row], strict=True)
    }
    return OutOfDistribution(
        p_value=p_value,
        flag=p_value < FLAG_BELOW,
        scores=scores,
        contributions=_contributions(judgements, row, form),
    )


def _contributions(
    judgements: Judgements, row: int, form: CanonicalForm
) -> dict[str, Any]:
    bands: list[list[float]] = []
    if form.bands_hz.shape[0] == 1:
        start, stop = form.bands_hz[0]
        edges = np.linspace(start, stop, BAND_COUNT + 1).tolist()
        bands = [list(pair) for pair in pairwise(edges)]
    found: dict[str, Any] = {"bands_hz": bands}
    for name, shares in judgements.contributions.items():
        found[name] = {
            # Three digits are more than a picture shows.
            trace: np.round(shares[row, index], 3).tolist()
            for index, trace in enumerate(form.s_parameters)
            if shares[row, index].any()
        }
    return found


def word_opinion(
    opinion: OpinionReading,
    row: int,
    densities: Mapping[str, DensityGrid],
    classes: Mapping[str, tuple[str, ...]],
) -> SecondOpinion:
    """Word what the other method says of one sweep that has a reference."""
    estimates = {
        name: word_estimate(
            np.clip(values[row], densities[name].low, densities[name].high),
            densities[name],
            told=bool(determined(values[row : row + 1], densities[name])[0]),
            strange=False,
        )
        for name, values in opinion.quantiles.items()
    }
    condition = NOT_CLASSIFIED
    if "condition" in opinion.probabilities:
        shares = opinion.probabilities["condition"][row]
        condition = _best(shares, classes["condition"])
    return SecondOpinion(
        temperature_k=estimates.pop("temperature_k", NOT_TRAINED),
        magnetic_field_tesla=estimates.pop("magnetic_field_tesla", NOT_TRAINED),
        condition=condition,
    )


def _best(shares: Reals, labels: tuple[str, ...]) -> Classification:
    order = np.argsort(-shares, kind="stable")
    top = tuple((labels[int(i)], float(shares[i])) for i in order[:TOP_COUNT])
    return Classification(
        state=EstimateState.ESTIMATED, label=top[0][0], probability=top[0][1], top=top
    )
