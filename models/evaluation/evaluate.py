"""A model on an archive: its scores, those of baselines, and the leaky split beside."""

from pathlib import Path
from typing import Any

import numpy as np

from instruments.files import LabelledArchive
from models.calibration.scaling import softmax
from models.errors import TrainingRefusedError
from models.evaluation.baselines import BASELINES, baseline_predictions
from models.evaluation.breakdown import break_down
from models.evaluation.predictions import Predictions, read_predictions
from models.preprocessing.canonical import Features
from models.serving.folder import StoredModel, load_model
from models.serving.trained import TrainedModel
from models.training.corpus import Corpus, build_corpus
from models.training.fit import Recipe, fit_ensemble, logits_of
from models.training.splits import Split, split_at_random, split_by_cycle
from models.training.targets import TARGETS, TargetPlan
from models.training.train import FEW_CYCLES, data_hash

GROUPED = "held_out_by_cycle"
"""Key of results whose test cycles were never seen."""

LEAKY = "random_split_leaky"
"""Key of results whose test sweeps have neighbours in training; not a result."""


def evaluate_model(
    folder: Path, archive: LabelledArchive, *, recipe: Recipe | None = None
) -> dict[str, Any]:
    """Score a model on an archive, JSON-ready.

    The same architecture and the baselines are trained anew on the archive, once
    with whole cycles held out and once at random, to show what the split is worth.

    Parameters
    ----------
    recipe
        How the comparison networks are fitted; the model's own way where None.

    Raises
    ------
    ModelFolderError
        If the folder cannot be loaded.
    TrainingRefusedError
        If no sweep of the archive covers the model's band, or none has a label that
        the model knows.
    """
    stored = load_model(folder)
    corpus = build_corpus([archive], stored.model.form)
    plan = _plan_of(stored, corpus)
    seen = stored.manifest.get("data_sha256") == data_hash([archive])
    grouped = split_by_cycle(corpus.thermal_cycle, corpus.measured_at, seed=0)
    leaky = split_at_random(corpus.sweep_count, seed=0)
    mine = _judge(stored.model, corpus, plan)
    recipe = recipe or Recipe(**stored.manifest["recipe"])
    nets = {
        GROUPED: _retrained(corpus, plan, grouped, recipe),
        LEAKY: _retrained(corpus, plan, leaky, recipe),
    }
    cycles = int(np.unique(corpus.thermal_cycle).size)
    return {
        "model": stored.version,
        "sweeps": corpus.sweep_count,
        "cycles": cycles,
        "trained_on_this_archive": seen,
        "split": grouped.kind.value,
        "warnings": _warnings(cycles, seen=seen),
        "targets": {
            name: {
                "model": break_down(mine[name], corpus),
                "retrained": {
                    kind: break_down(found[name], corpus)
                    for kind, found in nets.items()
                },
                "baselines": {
                    baseline: {
                        GROUPED: _baseline(corpus, plan, grouped, name, baseline),
                        LEAKY: _baseline(corpus, plan, leaky, name, baseline),
                    }
                    for baseline in BASELINES
                },
            }
            for name in plan.trained
        },
        "not_evaluated": dict(plan.refused),
    }


def _plan_of(stored: StoredModel, corpus: Corpus) -> TargetPlan:
    """Return the model's heads for which the archive has labels."""
    model, plan = stored.model, TargetPlan()
    for name in TARGETS:
        if name in model.densities:
            if np.isfinite(corpus.numbers[name]).any():
                plan.densities[name] = model.densities[name]
            else:
                plan.refused[name] = "no sweep has such a label"
        elif name in model.classes:
            if np.isin(corpus.classes[name], model.classes[name]).any():
                plan.classes[name] = model.classes[name]
            else:
                plan.refused[name] = "no sweep has a label that the model knows"
        else:
            plan.refused[name] = "the model has no such head"
    if not plan.trained:
        raise TrainingRefusedError(
            "no sweep of the archive has a label that the model knows: label some of "
            f"its sweeps with {', '.join(TARGETS)}, or name another archive"
        )
    return plan


def _judge(
    model: TrainedModel, corpus: Corpus, plan: TargetPlan
) -> dict[str, Predictions]:
    judged = model.judge(_features_of(corpus))
    return read_predictions(
        corpus, plan, judged.probabilities, judged.quantiles, model.class_calibration
    )


def _features_of(corpus: Corpus) -> list[Features]:
    return [
        Features(
            ratio=corpus.ratio[row],
            level=corpus.level[row],
            reference_level=corpus.reference_level[row],
            present=corpus.present[row],
            compared=corpus.compared[row],
        )
        for row in range(corpus.sweep_count)
    ]


def _retrained(
    corpus: Corpus, plan: TargetPlan, split: Split, recipe: Recipe
) -> dict[str, Predictions]:
    ensemble = fit_ensemble(corpus, plan, split.held_out(), split.seed, recipe)
    rows = np.arange(corpus.sweep_count)
    held_out = {
        name: values[split.fold, rows]
        for name, values in logits_of(ensemble, corpus).items()
    }
    probabilities = {name: softmax(held_out[name]) for name in plan.classes}
    quantiles = {
        name: grid.quantiles(softmax(held_out[name]))
        for name, grid in plan.densities.items()
    }
    return read_predictions(corpus, plan, probabilities, quantiles, {})


def _baseline(
    corpus: Corpus, plan: TargetPlan, split: Split, name: str, baseline: str
) -> dict[str, Any]:
    return break_down(baseline_predictions(corpus, plan, split, name, baseline), corpus)


def _warnings(cycles: int, *, seen: bool) -> list[str]:
    found = []
    if seen:
        found.append(
            "the model was trained on this very archive: its own scores are not those "
            "of a new cycle, the retrained ones held out by cycle are"
        )
    if cycles < FEW_CYCLES:
        found.append(
            f"insufficient cycles: {cycles}, and at least {FEW_CYCLES} are needed to "
            "rank models"
        )
    return found
