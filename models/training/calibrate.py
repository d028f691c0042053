"""Calibration on sweeps that the judging member has not seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.calibration import (
    ClassCalibration,
    CycledSweeps,
    IntervalCalibration,
    NoveltyCalibration,
    calibrate_classes,
    calibrate_intervals,
    calibrate_novelty,
)
from models.calibration.scaling import softmax
from models.networks.components import Projection
from models.networks.ensemble import Ensemble
from models.networks.monitoring import KnownSweeps, monitoring_scores
from models.serving.trained import HEALTHY, looks_faulty
from models.training.corpus import Corpus
from models.training.fit import logits_of
from models.training.split import Split
from models.training.targets import TargetPlan, usable

Reals = npt.NDArray[np.float64]

BANK_SIZE = 400
"""Known sweeps that every member keeps for its nearest-neighbour score."""

_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """What every sweep looks like to the member that has not seen it.

    Attributes
    ----------
    logits
        Head to logits, shape (sweep, output).
    novelty
        Scores of strangeness, shape (sweep, score).
    """

    logits: dict[str, Reals]
    novelty: Reals


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrations:
    """Calibration of every head."""

    classes: dict[str, ClassCalibration]
    intervals: dict[str, IntervalCalibration]


def look_at_held_out(ensemble: Ensemble, corpus: Corpus, split: Split) -> HeldOut:
    """Judge every sweep by the member of its own fold."""
    rows = np.arange(corpus.sweep_count)
    logits = {
        name: values[split.fold, rows]
        for name, values in logits_of(ensemble, corpus).items()
    }
    bank = bank_of(ensemble, corpus, split.held_out())
    scores = novelty_of(ensemble, corpus, bank)
    return HeldOut(logits=logits, novelty=scores[split.fold, rows])


def bank_of(
    ensemble: Ensemble, corpus: Corpus, held_out: npt.NDArray[np.bool_]
) -> Tensor:
    """Choose the known sweeps of each member, (member, known, trace, kept).

    Only sweeps with every trace compared are kept; they are spread evenly.
    """
    whole = corpus.compared.all(axis=1)
    if not whole.any():
        whole = np.ones(corpus.sweep_count, dtype=np.bool_)
    allowed = [np.flatnonzero(whole & ~row) for row in held_out]
    size = min(BANK_SIZE, *(max(rows.size, 1) for rows in allowed))
    with torch.no_grad():
        banks = []
        for member, rows in enumerate(allowed):
            known = rows if rows.size else np.arange(size)
            chosen = known[np.linspace(0, known.size - 1, size).astype(int)]
            ratio = torch.from_numpy(corpus.ratio[chosen])
            banks.append(ensemble.ratio(ratio)[member])
    # What is stored has half precision, so the scores are learnt with it.
    return torch.stack(banks).half().float()


@torch.no_grad()
def novelty_of(ensemble: Ensemble, corpus: Corpus, bank: Tensor) -> Reals:
    """Score all sweeps, shape (member, sweep, score)."""
    parts = []
    projection, known = Projection.of(ensemble.ratio), KnownSweeps.of(bank)
    for start in range(0, corpus.sweep_count, _CHUNK):
        part = slice(start, start + _CHUNK)
        values = torch.from_numpy(corpus.ratio[part])
        mask = torch.from_numpy(corpus.compared[part].astype(np.float32))
        parted = projection.parted(values, projection.projected(values))
        parts.append(monitoring_scores(parted, known, mask))
    return np.asarray(torch.cat(parts, dim=1).double().numpy())


def calibrate(corpus: Corpus, plan: TargetPlan, held_out: HeldOut) -> Calibrations:
    """Calibrate every head on the held-out sweeps that carry its label."""
    classes = {}
    for name, labels in plan.classes.items():
        chosen = usable(corpus, name) & np.isin(corpus.classes[name], labels)
        truth = np.searchsorted(labels, corpus.classes[name][chosen])
        classes[name] = calibrate_classes(held_out.logits[name][chosen], truth)
    probabilities = {
        name: softmax(held_out.logits[name], classes[name].softmax_temperature)
        for name in classes
    }
    faulty = looks_faulty(probabilities, plan.classes, corpus.sweep_count)
    intervals = {}
    for name, grid in plan.densities.items():
        chosen = usable(corpus, name)
        intervals[name] = calibrate_intervals(
            held_out.logits[name][chosen],
            grid.place(corpus.numbers[name][chosen]),
            grid,
            faulty[chosen],
        )
    return Calibrations(classes=classes, intervals=intervals)


def calibrate_scores(
    corpus: Corpus,
    held_out: Reals,
    own: Reals | None,
    names: tuple[str, ...],
) -> NoveltyCalibration:
    """Calibrate how strange sweeps are on those that have a reference.

    Parameters
    ----------
    held_out
        Scores by members that have not seen the sweep, shape (sweep, score).
    own
        Scores by members that have seen every sweep, where such members serve: they
        count beside the held-out ones.
    """
    compared = corpus.compared.any(axis=1)
    if not compared.any():
        compared = np.ones_like(compared)
    known = held_out[compared]
    cycle = corpus.thermal_cycle[compared]
    usual = np.isin(corpus.classes["condition"][compared], (HEALTHY, ""))
    if own is not None:
        known = np.concatenate([known, own[compared]])
        # The level of a cycle is what members see that have not learnt from it.
        usual = np.concatenate([usual, np.zeros_like(usual)])
        cycle = np.concatenate([cycle, cycle])
    return calibrate_novelty(known, names, CycledSweeps(cycle, usual))
