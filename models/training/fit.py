"""Fitting an ensemble: each member on its own sweeps, one after the other."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from models.networks.architecture import Architecture
from models.networks.density import BIN_COUNT
from models.networks.ensemble import Ensemble, Inputs, stack_members
from models.training.checkpoints import Checkpoints
from models.training.components import fit_components
from models.training.corpus import Corpus
from models.training.descent import Lesson, descend, find_steps, longest
from models.training.determinism import deterministic
from models.training.kernel import only_kernels, with_kernels
from models.training.labels import HeadLabels, labels_of
from models.training.pretraining import Pretraining
from models.training.recipe import Recipe
from models.training.shrinkage import with_shrunk_kernels
from models.training.targets import TargetPlan, is_compared

Flags = npt.NDArray[np.bool_]
Tell = Callable[[float], None]
Seed = tuple[int, int]

_WATCHED_SHARE = 5
_LEAST_CYCLES = 4


def fit_ensemble(
    corpus: Corpus,
    plan: TargetPlan,
    held_out: Flags,
    seed: int,
    recipe: Recipe,
    *,
    kernels: tuple[str, ...] | None = (),
    pretraining: Pretraining | None = None,
    checkpoints: Checkpoints | None = None,
    tell: Tell | None = None,
) -> Ensemble:
    """Fit one member for each row of ``held_out``.

    Parameters
    ----------
    held_out
        Sweeps that a member must not see, neither for its components nor for its
        weights; shape (member, sweep).
    kernels
        Heads that the conjugate kernel answers; every head has one beside where None.
    pretraining
        What members learn from first, if anything; the plan is then its own.
    checkpoints
        Where finished members are kept, and taken from.
    tell
        Is called with the share that is done.
    """
    labels = labels_of(corpus, plan)
    everything = architecture_of(
        corpus, plan, 1, recipe, tuple(name for name in plan.trained)
    )
    members = []
    for number, hidden in enumerate(held_out):
        member = Ensemble(everything)
        name = f"{held_out.shape[0]}-{number}-{int(hidden.sum())}"
        name += "" if pretraining is None else "-pretrained"
        if checkpoints is None or not checkpoints.fill(name, member):
            bare = _fit_member(
                corpus,
                plan,
                labels,
                hidden,
                seed=(seed, number),
                recipe=recipe,
                pretraining=pretraining,
            )
            lesson = _lesson(bare, corpus, labels, ~hidden)
            if pretraining is None or pretraining.is_fine_tuned:
                member = with_kernels(bare, lesson, corpus, plan)
            else:
                member = with_shrunk_kernels(
                    bare, lesson, _simulated(bare, pretraining), corpus, pretraining
                )
            if checkpoints is not None:
                checkpoints.keep(name, member)
        members.append(member)
        if tell is not None:
            tell((number + 1) / held_out.shape[0])
    whole = stack_members(members).requires_grad_(requires_grad=False).eval()
    return whole if kernels is None else only_kernels(whole, kernels)


def _fit_member(
    corpus: Corpus,
    plan: TargetPlan,
    labels: dict[str, HeadLabels],
    hidden: Flags,
    *,
    seed: Seed,
    recipe: Recipe,
    pretraining: Pretraining | None,
) -> Ensemble:
    """Find how long to train on hidden cycles, then train on all that may be seen.

    What was pre-trained goes on from there, more slowly; with too few cycles of the
    laboratory it stays as it is.
    """
    first, number = seed
    architecture = architecture_of(corpus, plan, 1, recipe)
    watched = _watched(corpus, hidden, seed)
    own = recipe if pretraining is None else recipe.slower()
    is_taught = pretraining is None or pretraining.is_fine_tuned
    with deterministic(1009 * first + number) as generator:
        steps = longest(int((~hidden).sum()), recipe)
        if watched.any() and is_taught:
            trial = Ensemble(architecture, seed=first + number)
            lesson = _prepared(trial, corpus, labels, ~(hidden | watched))
            _pretrain(trial, pretraining, generator, recipe)
            looked_at = torch.from_numpy(np.flatnonzero(watched))
            steps = find_steps(trial, lesson, looked_at, generator, own)
        member = Ensemble(architecture, seed=first + number)
        lesson = _prepared(member, corpus, labels, ~hidden)
        _pretrain(member, pretraining, generator, recipe)
        if is_taught:
            descend(member, lesson, steps, generator, own)
    return member


def _pretrain(
    member: Ensemble,
    pretraining: Pretraining | None,
    generator: torch.Generator,
    recipe: Recipe,
) -> None:
    """Fit a member's weights to simulated sweeps, seen through its own components."""
    if pretraining is not None:
        lesson = _simulated(member, pretraining)
        descend(member, lesson, longest(lesson.rows.numel(), recipe), generator, recipe)


def _simulated(member: Ensemble, pretraining: Pretraining) -> Lesson:
    return Lesson(
        inputs=inputs_of(member, pretraining.corpus),
        labels=pretraining.labels,
        rows=pretraining.rows,
    )


def _prepared(
    member: Ensemble, corpus: Corpus, labels: dict[str, HeadLabels], shown: Flags
) -> Lesson:
    """Fit a member's components to what it may see, and look through them."""
    fit_components(member.ratio, corpus.ratio, corpus.compared, shown[None])
    fit_components(member.level, corpus.level, corpus.present, shown[None])
    return _lesson(member, corpus, labels, shown)


def _lesson(
    member: Ensemble, corpus: Corpus, labels: dict[str, HeadLabels], shown: Flags
) -> Lesson:
    return Lesson(
        inputs=inputs_of(member, corpus),
        labels=labels,
        rows=torch.from_numpy(np.flatnonzero(shown)),
    )


def _watched(corpus: Corpus, hidden: Flags, seed: Seed) -> Flags:
    """Choose a fifth of the cycles that may be seen, where they can be spared."""
    cycles = np.unique(corpus.thermal_cycle[~hidden])
    if cycles.size < _LEAST_CYCLES:
        return np.zeros_like(hidden)
    order = np.random.default_rng([*seed, 17]).permutation(cycles.size)
    chosen = cycles[order[: max(cycles.size // _WATCHED_SHARE, 1)]]
    return np.asarray(np.isin(corpus.thermal_cycle, chosen) & ~hidden)


def architecture_of(
    corpus: Corpus,
    plan: TargetPlan,
    member_count: int,
    recipe: Recipe,
    kernels: tuple[str, ...] = (),
) -> Architecture:
    """Return the sizes that a corpus and its targets ask for."""
    sizes = dict.fromkeys(plan.densities, BIN_COUNT) | {
        name: len(labels) for name, labels in plan.classes.items()
    }
    # Components that a handful of sweeps spans would fit their noise.
    fewest = max(corpus.sweep_count // 4, 2)
    return Architecture(
        member_count=member_count,
        trace_count=len(corpus.form.s_parameters),
        ratio_count=corpus.form.ratio_count,
        level_count=corpus.level.shape[2],
        ratio_components=min(recipe.ratio_components, fewest, corpus.form.ratio_count),
        level_components=min(recipe.level_components, fewest),
        coordinate_count=corpus.coordinate_table.shape[2],
        width=recipe.width,
        embedding=recipe.embedding,
        fusion=recipe.fusion,
        receiver_heads=tuple(
            (name, sizes[name]) for name in plan.trained if is_compared(name)
        ),
        component_heads=tuple(
            (name, sizes[name]) for name in plan.trained if not is_compared(name)
        ),
        kernel_heads=kernels,
    )


@torch.no_grad()
def inputs_of(ensemble: Ensemble, corpus: Corpus) -> Inputs:
    """Put a corpus through the fixed components."""
    return ensemble.inputs(
        ratio=torch.from_numpy(corpus.ratio),
        level=torch.from_numpy(corpus.level),
        reference_level=torch.from_numpy(corpus.reference_level),
        coordinates=torch.from_numpy(corpus.coordinate_table),
        compared=torch.from_numpy(corpus.compared.astype(np.float32)),
        present=torch.from_numpy(corpus.present.astype(np.float32)),
    )


@torch.no_grad()
def logits_of(ensemble: Ensemble, corpus: Corpus) -> dict[str, npt.NDArray[np.float64]]:
    """Return the logits of every head, shape (member, sweep, output)."""
    found = ensemble.judge(inputs_of(ensemble, corpus))
    return {name: logits.double().numpy() for name, logits in found.items()}
