"""Fitting an ensemble: each member on its own sweeps, all of them in one pass."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.networks.density import BIN_COUNT
from models.networks.ensemble import Architecture, Ensemble
from models.training.components import fit_components
from models.training.corpus import Corpus
from models.training.determinism import deterministic
from models.training.targets import RECEIVER_TARGETS, TargetPlan, usable

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How an ensemble is fitted.

    Attributes
    ----------
    ratio_components, level_components
        Principal components of each trace.
    width
        Units of a hidden layer.
    trace_dropout
        Probability that a trace is hidden from a training step.
    jitter
        Standard deviation of noise on the whitened components.
    """

    ratio_components: int = 36
    level_components: int = 6
    width: int = 128
    epochs: int = 100
    least_steps: int = 600
    batch: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    trace_dropout: float = 0.25
    jitter: float = 0.05


@dataclass(frozen=True, slots=True)
class _Inputs:
    """Projected inputs; the first axes are member and sweep."""

    ratio: Tensor
    level: Tensor
    reference_level: Tensor
    compared: Tensor
    present: Tensor
    with_reference: Tensor


def fit_ensemble(
    corpus: Corpus, plan: TargetPlan, held_out: Flags, seed: int, recipe: Recipe
) -> Ensemble:
    """Fit one member for each row of ``held_out``.

    Parameters
    ----------
    held_out
        Sweeps that a member must not see, neither for its components nor for its
        weights; shape (member, sweep).
    """
    architecture = architecture_of(corpus, plan, held_out.shape[0], recipe)
    with deterministic(seed) as generator:
        ensemble = Ensemble(architecture, seed=seed)
        fit_components(ensemble.ratio, corpus.ratio, corpus.compared, ~held_out)
        fit_components(ensemble.level, corpus.level, corpus.present, ~held_out)
        inputs = project(ensemble, corpus)
        labels = _labels(corpus, plan, held_out)
        _descend(ensemble, inputs, labels, generator, recipe)
    return ensemble.eval()


def architecture_of(
    corpus: Corpus, plan: TargetPlan, member_count: int, recipe: Recipe
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
        width=recipe.width,
        receiver_heads=tuple(
            (name, sizes[name]) for name in plan.trained if name in RECEIVER_TARGETS
        ),
        component_heads=tuple(
            (name, sizes[name]) for name in plan.trained if name == "component"
        ),
    )


@torch.no_grad()
def project(ensemble: Ensemble, corpus: Corpus) -> _Inputs:
    """Put a corpus through the fixed components."""
    ratio = ensemble.ratio(torch.from_numpy(corpus.ratio))
    level = ensemble.level(torch.from_numpy(corpus.level))
    reference = ensemble.level(torch.from_numpy(corpus.reference_level))
    members = ratio.shape[0]
    return _Inputs(
        ratio=ratio,
        level=level,
        reference_level=reference,
        compared=_repeat(corpus.compared, members),
        present=_repeat(corpus.present, members),
        with_reference=torch.ones(1),
    )


@torch.no_grad()
def logits_of(ensemble: Ensemble, corpus: Corpus) -> dict[str, npt.NDArray[np.float64]]:
    """Return the logits of every head, shape (member, sweep, output)."""
    inputs = project(ensemble, corpus)
    found = _forward(ensemble, inputs)
    return {name: logits.double().numpy() for name, logits in found.items()}


def _repeat(flags: Flags, members: int) -> Tensor:
    return torch.from_numpy(flags.astype(np.float32)).expand(members, -1, -1).clone()


def _forward(ensemble: Ensemble, inputs: _Inputs) -> dict[str, Tensor]:
    return ensemble.judge_receiver(
        inputs.ratio, inputs.reference_level, inputs.compared
    ) | ensemble.judge_component(
        inputs.ratio,
        inputs.level,
        inputs.compared * inputs.with_reference,
        inputs.present,
    )


def _labels(
    corpus: Corpus, plan: TargetPlan, held_out: Flags
) -> dict[str, tuple[Tensor, Tensor]]:
    """Return soft labels (sweep, output) and weights (member, sweep) by head."""
    labels: dict[str, tuple[Tensor, Tensor]] = {}
    for name, grid in plan.densities.items():
        chosen = usable(corpus, name)
        places = grid.place(np.where(chosen, corpus.numbers[name], 1.0))
        soft = torch.from_numpy(grid.soft_labels(places))
        labels[name] = soft, _weights(chosen, held_out, np.ones(chosen.size))
    for name, known in plan.classes.items():
        chosen = usable(corpus, name) & np.isin(corpus.classes[name], known)
        hard = corpus.classes[name][:, None] == np.array(known)
        share = hard[chosen].mean(axis=0)
        balance = (hard / np.maximum(share * len(known), 0.2)).sum(axis=1)
        soft = torch.from_numpy(hard.astype(np.float32))
        labels[name] = soft, _weights(chosen, held_out, balance)
    return labels


def _weights(
    chosen: Flags, held_out: Flags, balance: npt.NDArray[np.float64]
) -> Tensor:
    weights = (chosen & ~held_out) * balance
    return torch.from_numpy(weights.astype(np.float32))


def _descend(
    ensemble: Ensemble,
    inputs: _Inputs,
    labels: dict[str, tuple[Tensor, Tensor]],
    generator: torch.Generator,
    recipe: Recipe,
) -> None:
    count = inputs.present.shape[1]
    batch = min(recipe.batch, count)
    steps = max(recipe.epochs * -(-count // batch), recipe.least_steps)
    optimiser = torch.optim.AdamW(
        [weight for weight in ensemble.parameters() if weight.requires_grad],
        lr=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=recipe.learning_rate, total_steps=steps
    )
    ensemble.train()
    for _ in range(steps):
        rows = torch.randint(count, (batch,), generator=generator)
        seen = _augmented(inputs, rows, generator, recipe)
        loss = _loss(_forward(ensemble, seen), labels, rows)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(ensemble.parameters(), 5.0)
        optimiser.step()
        schedule.step()


def _augmented(
    inputs: _Inputs, rows: Tensor, generator: torch.Generator, recipe: Recipe
) -> _Inputs:
    traces = inputs.present.shape[2]
    kept = torch.rand((rows.numel(), traces), generator=generator)
    kept = (kept >= recipe.trace_dropout) if traces > 1 else torch.ones_like(kept) > 0
    # A sweep without any trace teaches nothing: bring one back.
    spared = torch.randint(traces, (rows.numel(),), generator=generator)
    kept[torch.arange(rows.numel()), spared] = True
    mask = kept.float()
    noise = [
        recipe.jitter * torch.randn(part[:, rows].shape, generator=generator)
        for part in (inputs.ratio, inputs.level, inputs.reference_level)
    ]
    # A quarter of the sweeps names its component without a reference.
    alone = torch.rand((rows.numel(), 1), generator=generator) < 0.25
    return _Inputs(
        ratio=inputs.ratio[:, rows] + noise[0],
        level=inputs.level[:, rows] + noise[1],
        reference_level=inputs.reference_level[:, rows] + noise[2],
        compared=inputs.compared[:, rows] * mask,
        present=inputs.present[:, rows] * mask,
        with_reference=torch.where(alone, 0.0, 1.0),
    )


def _loss(
    logits: dict[str, Tensor], labels: dict[str, tuple[Tensor, Tensor]], rows: Tensor
) -> Tensor:
    total = torch.zeros(())
    for name, values in logits.items():
        soft, weights = labels[name]
        log_probabilities = torch.log_softmax(values, dim=-1)
        each = -(soft[rows] * log_probabilities).sum(dim=-1) * weights[:, rows]
        total = total + each.sum() / weights[:, rows].sum().clamp(min=1.0)
    return total * next(iter(labels.values()))[1].shape[0]
