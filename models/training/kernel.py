"""Heads of the conjugate kernel: fitted in closed form, kept where they read better."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
import numpy.typing as npt
import torch

from models.baselines.ridge import Ridge, fit_ridge
from models.networks.density import BIN_COUNT
from models.networks.ensemble import CLASS_TARGETS, Ensemble
from models.networks.kernel import KernelHead
from models.training.corpus import Corpus
from models.training.descent import Lesson
from models.training.labels import HeadLabels
from models.training.targets import TargetPlan

Reals = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

MOST_SWEEPS = 3000
"""Sweeps that a ridge is fitted to; more tell it nothing new."""

LEAST_SWEEPS = 20
"""Labelled sweeps without which no ridge is fitted."""

HEATS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Softmax temperatures at which heads are compared: each at the best of its own."""

_LEAST_SPREAD = 0.25 / BIN_COUNT
_SHARE_SPREAD = 0.1


def with_kernels(
    member: Ensemble, lesson: Lesson, corpus: Corpus, plan: TargetPlan
) -> Ensemble:
    """Return a fitted member with a kernel head beside each of its heads.

    Its weights are rounded to what is stored first: the ridge sees what will serve.
    """
    whole = as_stored(member)
    with torch.no_grad():
        for tower, hidden in whole.hidden(lesson.inputs):
            for name in tower.heads:
                head = whole.kernels[name]
                assert isinstance(head, KernelHead)
                rows = taught_rows(lesson, lesson.labels[name])
                if rows.size >= LEAST_SWEEPS:
                    seen = hidden[0].double().numpy()[rows]
                    _fit_head(head, seen, rows, wanted_of(corpus, plan, name), corpus)
    return whole


def as_stored(member: Ensemble) -> Ensemble:
    """Return a member rounded to what is stored, an empty kernel beside each head."""
    architecture = replace(
        member.architecture, kernel_heads=tuple(member.architecture.heads)
    )
    whole = Ensemble(architecture)
    state = whole.state_dict() | {
        name: value.half().float() if value.is_floating_point() else value
        for name, value in member.state_dict().items()
        if not name.startswith(("ratio.", "level."))
    }
    state |= {
        name: value
        for name, value in member.state_dict().items()
        if name.startswith(("ratio.", "level."))
    }
    whole.load_state_dict(state)
    return whole.eval()


def chosen_heads(
    logits: dict[str, Reals], own: dict[str, Reals], labels: dict[str, HeadLabels]
) -> tuple[str, ...]:
    """Return the heads whose kernel reads left-out sweeps better than their own layer.

    Parameters
    ----------
    logits
        Of the kernels, for left-out sweeps, shape (sweep, output).
    own
        Of the heads themselves.
    """
    everything = torch.arange(next(iter(labels.values())).weight.numel())
    found = []
    for name, label in labels.items():
        losses = [
            min(
                float(label.loss(torch.from_numpy(each[name] / heat), everything))
                for heat in HEATS
            )
            for each in (logits, own)
        ]
        if losses[0] < losses[1]:
            found.append(name)
    return tuple(found)


def only_kernels(ensemble: Ensemble, names: tuple[str, ...]) -> Ensemble:
    """Return an ensemble with the kernel heads of some targets only."""
    made = Ensemble(replace(ensemble.architecture, kernel_heads=names))
    state = ensemble.state_dict()
    made.load_state_dict({name: state[name] for name in made.state_dict()})
    return made.eval()


def taught_rows(lesson: Lesson, label: HeadLabels) -> Indices:
    """Return labelled sweeps of a lesson, spread evenly over all of them."""
    rows = lesson.rows.numpy()
    rows = rows[label.weight.numpy()[rows] > 0]
    count = min(rows.size, MOST_SWEEPS)
    return np.asarray(rows[np.linspace(0, rows.size - 1, count).astype(np.intp)])


def wanted_of(corpus: Corpus, plan: TargetPlan, name: str) -> Reals:
    """Return what a ridge should say: shares of the grid, or one column a class."""
    if name in CLASS_TARGETS:
        hard = corpus.classes[name][:, None] == np.array(plan.classes[name])
        return np.asarray(hard, dtype=np.float64)
    grid = plan.densities[name]
    known = np.isfinite(corpus.numbers[name])
    places = grid.place(np.where(known, corpus.numbers[name], 1.0))
    return np.asarray((places - grid.low) / (grid.high - grid.low))[:, None]


def _fit_head(
    head: KernelHead, hidden: Reals, rows: Indices, wanted: Reals, corpus: Corpus
) -> None:
    truth = wanted[rows]
    if not head.is_density:
        # Rare classes count as much as common ones.
        truth = truth / np.maximum(truth.mean(axis=0) * truth.shape[1], 0.2)
    ridge, left = fit_ridge(hidden, truth, corpus.thermal_cycle[rows], scaled=False)
    fill_head(head, [ridge], left - truth)


def fill_head(head: KernelHead, ridges: Sequence[Ridge], missed: Reals) -> None:
    """Let a head say the sum of ridges on its hidden layer, of unscaled features.

    Parameters
    ----------
    missed
        By how much left-out sweeps were missed, shape (sweep, output).
    """
    # A hidden layer's mean is folded into the bias.
    weights = reduce(np.add, [ridge.weights for ridge in ridges])
    bias = reduce(
        np.add, [ridge.offset - ridge.centre @ ridge.weights for ridge in ridges]
    )
    head.weight[0] = torch.from_numpy(weights).float()
    head.bias[0, 0] = torch.from_numpy(bias).float()
    if head.is_density:
        spread = 1.4826 * float(np.median(np.abs(missed)))
        head.spread.fill_(max(spread, _LEAST_SPREAD))
    else:
        head.spread.fill_(_SHARE_SPREAD)
