"""One member: gradient descent that stops early, and starts again from what it knew."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from models.networks.ensemble import Ensemble, Inputs
from models.training.labels import HeadLabels
from models.training.recipe import Recipe

LOOKS = 20
"""How often the longest training is looked at."""

_WARMING_SHARE = 0.1
_MOST_NORM = 5.0
_ALONE_SHARE = 0.25
_LEAST_SHARE = 0.5
_SHORTEST = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """What a member learns from.

    Attributes
    ----------
    inputs
        Of one member.
    labels
        Head to its labels.
    rows
        Sweeps that may be seen.
    """

    inputs: Inputs
    labels: dict[str, HeadLabels]
    rows: Tensor


def longest(count: int, recipe: Recipe) -> int:
    """Return the most steps that so many sweeps are worth."""
    batch = max(min(recipe.batch, count), 1)
    return max(recipe.epochs * -(-count // batch), recipe.least_steps)


def find_steps(
    member: Ensemble,
    lesson: Lesson,
    watched: Tensor,
    generator: torch.Generator,
    recipe: Recipe,
) -> int:
    """Return after how many steps sweeps that are not learnt from are read best.

    Parameters
    ----------
    watched
        Sweeps that are looked at, of cycles that the lesson has none of.
    """
    most = longest(lesson.rows.numel(), recipe)
    if watched.numel() == 0:
        return most
    every = max(most // LOOKS, 1)
    best, best_steps, since = float("inf"), most, 0
    for steps in _steps(member, lesson, most, generator, recipe):
        if steps % every:
            continue
        loss = watched_loss(member, lesson, watched)
        if loss < best:
            best, best_steps, since = loss, steps, 0
        else:
            since += 1
            if since >= recipe.patience:
                break
    return max(best_steps, int(_LEAST_SHARE * most), 1)


def descend(
    member: Ensemble,
    lesson: Lesson,
    steps: int,
    generator: torch.Generator,
    recipe: Recipe,
) -> None:
    """Fit a member in so many steps, the rate falling to nothing at their end."""
    for _ in _steps(member, lesson, steps, generator, recipe):
        pass


@torch.no_grad()
def watched_loss(member: Ensemble, lesson: Lesson, rows: Tensor) -> float:
    """Return the loss of some sweeps, all of their traces heard."""
    member.eval()
    logits = member.judge(rows_of(lesson.inputs, rows))
    member.train()
    return float(_loss(logits, lesson.labels, rows))


def rows_of(inputs: Inputs, rows: Tensor) -> Inputs:
    """Return the inputs of some sweeps."""
    return Inputs(
        ratio=inputs.ratio[:, rows],
        level=inputs.level[:, rows],
        reference_level=inputs.reference_level[:, rows],
        coordinates=inputs.coordinates[rows],
        compared=inputs.compared[:, rows],
        present=inputs.present[:, rows],
        with_reference=inputs.with_reference,
    )


def _steps(
    member: Ensemble,
    lesson: Lesson,
    count: int,
    generator: torch.Generator,
    recipe: Recipe,
) -> Iterator[int]:
    """Step, and yield the number of steps that were made."""
    optimiser = torch.optim.AdamW(
        [weight for weight in member.parameters() if weight.requires_grad],
        lr=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=recipe.learning_rate,
        total_steps=max(count, _SHORTEST),
        pct_start=_WARMING_SHARE,
    )
    batch = min(recipe.batch, lesson.rows.numel())
    member.train()
    for step in range(count):
        drawn = torch.randint(lesson.rows.numel(), (batch,), generator=generator)
        rows = lesson.rows[drawn]
        seen = _augmented(rows_of(lesson.inputs, rows), generator, recipe)
        loss = _loss(member.judge(seen), lesson.labels, rows)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(member.parameters(), _MOST_NORM)
        optimiser.step()
        schedule.step()
        yield step + 1
    member.eval()


def _augmented(inputs: Inputs, generator: torch.Generator, recipe: Recipe) -> Inputs:
    _, count, traces = inputs.present.shape
    kept = torch.rand((count, traces), generator=generator)
    kept = (kept >= recipe.trace_dropout) if traces > 1 else torch.ones_like(kept) > 0
    # A sweep without any trace teaches nothing: bring one back.
    spared = torch.randint(traces, (count,), generator=generator)
    kept[torch.arange(count), spared] = True
    mask = kept.float()
    parts = (inputs.ratio, inputs.level, inputs.reference_level, inputs.coordinates)
    ratio, level, reference_level, coordinates = (
        part + recipe.jitter * torch.randn(part.shape, generator=generator)
        for part in parts
    )
    # A quarter of the sweeps names its component without a reference; heads that
    # compare are judged with one, or not at all.
    alone = torch.rand((count, 1), generator=generator) < _ALONE_SHARE
    return Inputs(
        ratio=ratio,
        level=level,
        reference_level=reference_level,
        coordinates=coordinates,
        compared=inputs.compared * mask,
        present=inputs.present * mask,
        with_reference=torch.where(alone, 0.0, 1.0),
    )


def _loss(
    logits: dict[str, Tensor], labels: dict[str, HeadLabels], rows: Tensor
) -> Tensor:
    total = torch.zeros(())
    for name, values in logits.items():
        total = total + labels[name].loss(values[0], rows)
    return total
