"""Kernel heads of a pre-trained member: the twin's answer, bent by few lab cycles."""

import numpy as np
import numpy.typing as npt
import torch

from models.baselines.ridge import PENALTIES, fit_ridge
from models.networks.ensemble import Ensemble
from models.networks.kernel import KernelHead
from models.training.corpus import Corpus
from models.training.descent import Lesson
from models.training.kernel import (
    LEAST_SWEEPS,
    as_stored,
    fill_head,
    taught_rows,
    wanted_of,
)
from models.training.pretraining import Pretraining

Reals = npt.NDArray[np.float64]

SHRINKING = (*PENALTIES, 1e5, 1e8)
"""Penalties of the correction: the last leaves nothing of it but an offset."""


def with_shrunk_kernels(
    member: Ensemble,
    lesson: Lesson,
    simulated: Lesson,
    corpus: Corpus,
    pretraining: Pretraining,
) -> Ensemble:
    """Return a pre-trained member with a kernel head beside each of its heads.

    A ridge on the simulated sweeps is the base; a second one on what it misses in the
    laboratory's corrects it, by no more than left-out cycles ask for.

    Parameters
    ----------
    lesson, simulated
        The sweeps of the laboratory and of the twin.
    """
    whole = as_stored(member)
    with torch.no_grad():
        own, theirs = (
            {
                name: hidden[0].double().numpy()
                for tower, hidden in whole.hidden(each.inputs)
                for name in tower.heads
            }
            for each in (lesson, simulated)
        )
    plan = pretraining.plan
    for name in plan.trained:
        head = whole.kernels[name]
        assert isinstance(head, KernelHead)
        rows = taught_rows(lesson, lesson.labels[name])
        base_rows = taught_rows(simulated, simulated.labels[name])
        if min(rows.size, base_rows.size) < LEAST_SWEEPS:
            continue
        truth = wanted_of(corpus, plan, name)[rows]
        base_truth = wanted_of(pretraining.corpus, plan, name)[base_rows]
        if not head.is_density:
            # Rare classes count as much as common ones, in both alike.
            share = np.maximum(base_truth.mean(axis=0) * base_truth.shape[1], 0.2)
            truth, base_truth = truth / share, base_truth / share
        base, _ = fit_ridge(
            theirs[name][base_rows],
            base_truth,
            pretraining.corpus.thermal_cycle[base_rows],
            scaled=False,
        )
        missing = truth - base.predict(own[name][rows])
        correction, left = fit_ridge(
            own[name][rows],
            missing,
            corpus.thermal_cycle[rows],
            SHRINKING,
            scaled=False,
        )
        fill_head(head, [base, correction], left - missing)
    return whole
