"""From numbers to the vocabulary of a diagnosis."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration.novelty import FLAG_BELOW
from models.diagnosis import (
    NOT_CLASSIFIED,
    NOT_TRAINED,
    Classification,
    Diagnosis,
    Estimate,
    EstimateState,
    LabelEstimate,
    OutOfDistribution,
    SecondOpinion,
)
from models.networks.contributions import BAND_COUNT
from models.networks.density import DensityGrid
from models.opinion import OpinionReading
from models.preprocessing.canonical import CanonicalForm
from models.serving.estimation import determined
from models.serving.judgements import Judgements
from models.serving.naming import (
    with_presence,
    word_best,
    word_classes,
    word_part,
)
from models.serving.trained import TrainedModel

Reals = npt.NDArray[np.float64]

NO_REFERENCE = Estimate(state=EstimateState.NO_REFERENCE)
"""The estimate of a head that compares, where there is nothing to compare with."""

UNREFERENCED = Classification(state=EstimateState.NO_REFERENCE)
"""The class of a head that compares, where there is nothing to compare with."""


def word_judgement(
    model: TrainedModel, judged: Judgements, row: int, version: str
) -> Diagnosis:
    """Word one row of judgements as a diagnosis without fit and flags."""
    novelty = word_novelty(judged, row, model.novelty_calibration.names, model.form)
    estimates: dict[str, Estimate] = {}
    for name, grid in model.densities.items():
        from_line = judged.lines and name == "temperature_k"
        known = judged.line_has_reference if from_line else judged.compared
        estimates[name] = (
            word_estimate(
                judged.quantiles[name][row],
                grid,
                told=bool(judged.determined[name][row]),
                strange=novelty.flag and not from_line,
            )
            if known[row]
            else NO_REFERENCE
        )
    words = {
        name: word_classes(
            judged.probabilities[name][row],
            labels,
            model.class_calibration[name],
            strange=novelty.flag,
        )
        for name, labels in model.classes.items()
    }
    presence = _presence(model, judged, row)
    if presence is not None:
        words["condition"] = with_presence(
            words["condition"], *presence, model.classes["condition"]
        )
    if judged.parts:
        words["component"] = word_part(judged.parts[row], model.classes["component"])
    if "condition" in words and not judged.compared[row]:
        words["condition"] = UNREFERENCED
    opinion = None
    if judged.opinion is not None and judged.compared[row]:
        opinion = word_opinion(judged.opinion, row, model.densities, model.classes)
    return Diagnosis(
        model_version=version,
        temperature_k=estimates.get("temperature_k", NOT_TRAINED),
        magnetic_field_tesla=estimates.get("magnetic_field_tesla", NOT_TRAINED),
        condition=words.get("condition", NOT_CLASSIFIED),
        component=words.get("component", NOT_CLASSIFIED),
        out_of_distribution=novelty,
        second_opinion=opinion,
        signature={
            trace: np.round(judged.signature[row, index], 5).tolist()
            for index, trace in enumerate(model.form.s_parameters)
            if judged.signature[row, index].any()
        },
        labels={
            name: LabelEstimate(estimate=estimates[name], unit=unit)
            for name, unit in model.units.items()
        },
    )


def _presence(
    model: TrainedModel, judged: Judgements, row: int
) -> tuple[Reals, Reals] | None:
    """Return presences and from which on sets hold them; None where none is told."""
    if judged.present.size and np.isfinite(judged.present[row]).all():
        return judged.present[row], judged.present_least[row]
    if model.presence is None or "condition" not in judged.probabilities:
        return None
    shares = judged.probabilities["condition"][row : row + 1]
    return model.presence.probabilities(shares)[0], model.presence.thresholds


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
    for name, values in judgements.departures.items():
        if np.isfinite(values[row]):
            scores[name] = float(values[row])
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
        # Three digits are more than a picture shows.
        rounded, told = np.round(shares[row], 3), shares[row].any(axis=1)
        found[name] = {
            trace: rounded[index].tolist()
            for index, trace in enumerate(form.s_parameters)
            if told[index]
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
        condition = word_best(shares, classes["condition"])
    return SecondOpinion(
        temperature_k=estimates.pop("temperature_k", NOT_TRAINED),
        magnetic_field_tesla=estimates.pop("magnetic_field_tesla", NOT_TRAINED),
        condition=condition,
    )
