"""A trained model in memory: how features become a judgement."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.calibration import (
    ClassCalibration,
    IntervalCalibration,
    NoveltyCalibration,
)
from models.networks.density import DensityGrid
from models.networks.ensemble import Ensemble
from models.networks.monitoring import monitoring_scores
from models.preprocessing.canonical import CanonicalForm, Features

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HEALTHY = "healthy"
"""The condition in which temperature and field are read most surely."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgements:
    """What the heads say of several sweeps; the first axis is the sweep.

    Attributes
    ----------
    quantiles
        Scalar target to its quantiles in the coordinate, shape (sweep, level).
    probabilities
        Class target to its calibrated probabilities, shape (sweep, class).
    novelty
        Scores of strangeness, shape (sweep, score).
    p_value
        Combined p-value of the scores, shape (sweep,).
    compared
        Whether a reference was at hand, shape (sweep,).
    """

    quantiles: dict[str, Reals]
    probabilities: dict[str, Reals]
    novelty: Reals
    p_value: Reals
    compared: Flags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedModel:
    """Networks, calibration and the form of their input.

    Attributes
    ----------
    bank
        Components of known sweeps, shape (member, known, trace, kept).
    densities
        Scalar target to the grid of its density.
    classes
        Class target to its labels.
    """

    form: CanonicalForm
    ensemble: Ensemble
    bank: Tensor
    densities: dict[str, DensityGrid]
    classes: dict[str, tuple[str, ...]]
    class_calibration: dict[str, ClassCalibration]
    interval_calibration: dict[str, IntervalCalibration]
    novelty_calibration: NoveltyCalibration

    def judge(self, features: Sequence[Features]) -> Judgements:
        """Judge sweeps in canonical form, one after another or many at once."""
        compared = np.stack([each.compared for each in features])
        with torch.inference_mode():
            ratio = _tensor([each.ratio for each in features])
            level = _tensor([each.level for each in features])
            reference = _tensor([each.reference_level for each in features])
            mask = torch.from_numpy(compared.astype(np.float32))
            present = _tensor([each.present for each in features])
            projected = self.ensemble.ratio(ratio)
            members = projected.shape[0]
            masks = mask.expand(members, -1, -1)
            logits = self.ensemble.judge_receiver(
                projected, self.ensemble.level(reference), masks
            ) | self.ensemble.judge_component(
                projected,
                self.ensemble.level(level),
                masks,
                present.expand(members, -1, -1),
            )
            scores = monitoring_scores(
                self.ensemble.ratio, ratio, projected, self.bank, mask
            )
            novelty = scores.median(dim=0).values.double().numpy()
        return self._read(
            {name: values.double().numpy() for name, values in logits.items()},
            novelty,
            np.asarray(compared.any(axis=1)),
        )

    def _read(
        self, logits: dict[str, Reals], novelty: Reals, compared: Flags
    ) -> Judgements:
        probabilities = {
            name: calibration.probabilities(logits[name])
            for name, calibration in self.class_calibration.items()
        }
        faulty = looks_faulty(probabilities, self.classes, compared.size)
        return Judgements(
            quantiles={
                name: calibration.quantiles(logits[name], self.densities[name], faulty)
                for name, calibration in self.interval_calibration.items()
            },
            probabilities=probabilities,
            novelty=novelty,
            p_value=self.novelty_calibration.combined(novelty),
            compared=compared,
        )


def looks_faulty(
    probabilities: dict[str, Reals], classes: dict[str, tuple[str, ...]], count: int
) -> Flags:
    """Return where the condition is judged other than healthy, shape (sweep,)."""
    if HEALTHY not in classes.get("condition", ()) or "condition" not in probabilities:
        return np.zeros(count, dtype=np.bool_)
    best = probabilities["condition"].argmax(axis=1)
    return np.asarray(best != classes["condition"].index(HEALTHY))


def _tensor(rows: list[npt.NDArray[np.generic]]) -> Tensor:
    return torch.from_numpy(np.stack(rows).astype(np.float32, copy=False))
