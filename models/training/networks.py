"""The networks of a model: fitted, their heads chosen, and what they say unseen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from models.networks.ensemble import Ensemble, with_pretrained
from models.training.calibrate import HeldOut, bank_of, look_at_held_out, novelty_of
from models.training.checkpoints import Checkpoints
from models.training.corpus import Corpus
from models.training.fit import Tell, fit_ensemble, logits_of
from models.training.guard import GuardedHead, judge_head
from models.training.kernel import chosen_heads, only_kernels
from models.training.labels import labels_of
from models.training.pretraining import Pretraining
from models.training.recipe import Recipe
from models.training.split import Split, SplitKind
from models.training.splitting import MEMBER_COUNT
from models.training.targets import TargetPlan

Flags = npt.NDArray[np.bool_]
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
    guarded
        Head to what pre-training brought it on left-out cycles, where there was any.
    """

    served: Ensemble
    bank: Tensor
    held_out: HeldOut
    own_scores: Reals | None
    guarded: dict[str, GuardedHead]


def learn_networks(
    corpus: Corpus,
    plan: TargetPlan,
    split: Split,
    recipe: Recipe,
    *,
    pretraining: Pretraining | None = None,
    checkpoints: Checkpoints | None = None,
    tell: Tell | None = None,
) -> LearntNetworks:
    """Fit the members, each blind to a fold; let kernels answer what they read better.

    Parameters
    ----------
    pretraining
        What a second set of members learns from first; it answers the heads that it
        reads better on left-out cycles. One cycle alone leaves none out: then it is
        not looked at.
    checkpoints
        Where finished members are kept.
    tell
        Is called with the share that is done.
    """
    spares = split.kind is SplitKind.BY_CYCLE and split.fold_count == MEMBER_COUNT
    judged = None if split.kind is not SplitKind.BY_CYCLE else pretraining
    # Those that are blind to a fold, and those that serve, of either set.
    parts = (1 if spares else 2) * (1 if judged is None else 2)
    fit = _Fitting(corpus, split.seed, recipe, checkpoints, parts, tell)
    blind = split.held_out()
    plain = fit(plan, blind, None)
    checked = only_kernels(plain, _better_kernels(plain, corpus, plan, split))
    guarded: dict[str, GuardedHead] = {}
    kept: tuple[str, ...] = ()
    taught = None
    if judged is not None:
        taught = fit(judged.plan, blind, None, judged)
        taught = only_kernels(
            taught, _better_kernels(taught, corpus, judged.plan, split)
        )
        guarded = _guarded(checked, taught, corpus, judged.plan, split)
        kept = tuple(name for name, each in guarded.items() if each.is_kept)
    served, hidden, own_scores = _joined(checked, taught, kept), blind, None
    held_out = look_at_held_out(served, corpus, split)
    if not spares:
        # Too few cycles to spare one: calibrated on held-out folds, the members that
        # serve have seen all.
        hidden = np.zeros((MEMBER_COUNT, corpus.sweep_count), dtype=np.bool_)
        served = fit(plan, hidden, checked.architecture.kernel_heads)
        if taught is not None and judged is not None and kept:
            heads = taught.architecture.kernel_heads
            served = _joined(served, fit(judged.plan, hidden, heads, judged), kept)
    bank = bank_of(served, corpus, hidden)
    if not spares:
        own_scores = novelty_of(served, corpus, bank)
    return LearntNetworks(
        served=served,
        bank=bank,
        held_out=held_out,
        own_scores=own_scores,
        guarded=guarded,
    )


@dataclass(slots=True)
class _Fitting:
    """Fits one ensemble after the other, and tells how far all of them are."""

    corpus: Corpus
    seed: int
    recipe: Recipe
    checkpoints: Checkpoints | None
    part_count: int
    tell: Tell | None
    done: int = 0

    def __call__(
        self,
        plan: TargetPlan,
        hidden: Flags,
        kernels: tuple[str, ...] | None,
        pretraining: Pretraining | None = None,
    ) -> Ensemble:
        fitted = fit_ensemble(
            self.corpus,
            plan,
            hidden,
            self.seed,
            self.recipe,
            kernels=kernels,
            pretraining=pretraining,
            checkpoints=self.checkpoints,
            tell=_part(self.tell, self.done, self.part_count),
        )
        self.done += 1
        return fitted


def _joined(
    plain: Ensemble, taught: Ensemble | None, kept: tuple[str, ...]
) -> Ensemble:
    return with_pretrained(plain, taught, kept) if taught and kept else plain


def _guarded(
    plain: Ensemble, taught: Ensemble, corpus: Corpus, plan: TargetPlan, split: Split
) -> dict[str, GuardedHead]:
    """Judge the heads of pre-trained members beside the plain ones'."""
    own, theirs = (_left_out(each, corpus, split) for each in (plain, taught))
    return {
        name: judge_head(own[name], theirs[name], label, corpus.thermal_cycle)
        for name, label in labels_of(corpus, plan).items()
    }


def _left_out(ensemble: Ensemble, corpus: Corpus, split: Split) -> dict[str, Reals]:
    rows = np.arange(corpus.sweep_count)
    return {
        name: each[split.fold, rows]
        for name, each in logits_of(ensemble, corpus).items()
    }


def _better_kernels(
    candidates: Ensemble, corpus: Corpus, plan: TargetPlan, split: Split
) -> tuple[str, ...]:
    with_kernels, own = (
        _left_out(one, corpus, split)
        for one in (candidates, only_kernels(candidates, ()))
    )
    return chosen_heads(with_kernels, own, labels_of(corpus, plan))


def _part(tell: Tell | None, number: int, parts: int) -> Tell | None:
    if tell is None:
        return None
    return lambda share: tell((number + share) / parts)
