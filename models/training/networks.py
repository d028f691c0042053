"""The networks of a model: fitted, their heads chosen, and what they say unseen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from models.networks.ensemble import Ensemble
from models.training.calibrate import HeldOut, bank_of, look_at_held_out, novelty_of
from models.training.checkpoints import Checkpoints
from models.training.corpus import Corpus
from models.training.fit import Tell, fit_ensemble, logits_of
from models.training.kernel import chosen_heads, only_kernels
from models.training.labels import labels_of
from models.training.recipe import Recipe
from models.training.split import Split, SplitKind
from models.training.splitting import MEMBER_COUNT
from models.training.targets import TargetPlan

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntNetworks:
    """An ensemble, and what it says of sweeps that it has not seen.

    Attributes
    ----------
    served
        The members that serve.
    bank
        Components of known sweeps, shape (member, known, trace, kept).
    held_out
        Every sweep by the member that has not seen it.
    own_scores
        Scores of strangeness of members that have seen every sweep, where such
        members serve, shape (member, sweep, score).
    """

    served: Ensemble
    bank: Tensor
    held_out: HeldOut
    own_scores: Reals | None


def learn_networks(
    corpus: Corpus,
    plan: TargetPlan,
    split: Split,
    recipe: Recipe,
    *,
    checkpoints: Checkpoints | None = None,
    tell: Tell | None = None,
) -> LearntNetworks:
    """Fit the members, each blind to a fold; let kernels answer what they read better.

    Parameters
    ----------
    checkpoints
        Where finished members are kept.
    tell
        Is called with the share that is done.
    """
    spares = split.kind is SplitKind.BY_CYCLE and split.fold_count == MEMBER_COUNT
    parts = 1 if spares else 2
    candidates = fit_ensemble(
        corpus,
        plan,
        split.held_out(),
        split.seed,
        recipe,
        kernels=None,
        checkpoints=checkpoints,
        tell=_part(tell, 0, parts),
    )
    kernels = _better_kernels(candidates, corpus, plan, split)
    checked = only_kernels(candidates, kernels)
    served, hidden, own_scores = checked, split.held_out(), None
    if not spares:
        # Too few cycles to spare one: calibrated on held-out folds, the members that
        # serve have seen all.
        hidden = np.zeros((MEMBER_COUNT, corpus.sweep_count), dtype=np.bool_)
        served = fit_ensemble(
            corpus,
            plan,
            hidden,
            split.seed,
            recipe,
            kernels=kernels,
            checkpoints=checkpoints,
            tell=_part(tell, 1, parts),
        )
    bank = bank_of(served, corpus, hidden)
    if not spares:
        own_scores = novelty_of(served, corpus, bank)
    return LearntNetworks(
        served=served,
        bank=bank,
        held_out=look_at_held_out(checked, corpus, split),
        own_scores=own_scores,
    )


def _better_kernels(
    candidates: Ensemble, corpus: Corpus, plan: TargetPlan, split: Split
) -> tuple[str, ...]:
    rows = np.arange(corpus.sweep_count)
    with_kernels, own = (
        {name: each[split.fold, rows] for name, each in logits_of(one, corpus).items()}
        for one in (candidates, only_kernels(candidates, ()))
    )
    return chosen_heads(with_kernels, own, labels_of(corpus, plan))


def _part(tell: Tell | None, number: int, parts: int) -> Tell | None:
    if tell is None:
        return None
    return lambda share: tell((number + share) / parts)
