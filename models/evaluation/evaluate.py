"""A model on an archive: its scores, those of baselines, and the leaky split beside."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from instruments.files import LabelledArchive
from models.baselines.entries import BASELINES
from models.errors import TrainingRefusedError
from models.evaluation.breakdown import FEW_CYCLES, break_down
from models.evaluation.charts import chart_data
from models.evaluation.checks import NETWORK, OnDemand, check_targets
from models.evaluation.gates import GROUPED
from models.evaluation.leaderboard import (
    LEAKY,
    Board,
    describe_split,
    make_board,
    mean_crps,
)
from models.evaluation.predictions import Predictions
from models.evaluation.representation import representation_of
from models.evaluation.retrained import (
    retrained_certainty,
    retrained_learner,
    retrained_predictions,
)
from models.evaluation.served import judge_corpus
from models.evaluation.stages import SHARES, EvaluationStage
from models.evaluation.strangers import score_strangers
from models.evaluation.subsets import score_subsets
from models.progress import Listener, Progress
from models.serving.folder import StoredModel, load_model
from models.training.corpus import Corpus, build_corpus, left_out_words
from models.training.provenance import data_hash
from models.training.recipe import Recipe
from models.training.split import SplitKind
from models.training.splitting import (
    split_at_random,
    split_by_cycle,
    split_new_archive,
    sweep_ids,
)
from models.training.targets import TARGETS, TargetPlan, usable

__all__ = ["GROUPED", "LEAKY", "NETWORK", "TRANSFERRED", "evaluate_model"]

TRANSFERRED = "learnt_from_named_archives"
"""Key of results of baselines that learnt from other archives, as the model did."""

MODEL = "this_model"
"""Name of the model itself where it is ranked."""


def evaluate_model(
    folder: Path,
    archive: LabelledArchive,
    *,
    learnt_from: Sequence[LabelledArchive] = (),
    recipe: Recipe | None = None,
    names: Collection[str] = tuple(BASELINES),
    leave_classes_out: bool = False,
    flip_labels: bool = False,
    tell: Listener | None = None,
) -> dict[str, Any]:
    """Score a model on an archive, JSON-ready.

    The same architecture and the baselines are trained anew on the archive, once
    with whole cycles held out and once at random, to show what the split is worth.

    Parameters
    ----------
    learnt_from
        Archives that baselines learn from to be judged on this one, as the model was:
        those that it was trained on.
    recipe
        How the comparison networks are fitted; the model's own way where None.
    names
        Baselines to compare with.
    leave_classes_out
        Whether the network is trained without each class in turn, to see whether the
        class looks unknown then; that takes a training a class.
    flip_labels
        Whether network and baselines are trained with 5, 10 and 20 % of the class
        labels flipped too; that takes four trainings a target.
    tell
        Is called with what was done, and the share of the whole.

    Raises
    ------
    ModelFolderError
        If the folder cannot be loaded.
    TrainingRefusedError
        If no sweep of the archive covers the model's band, or none has a label that
        the model knows.
    """
    say = Progress(tell, SHARES)
    stored = load_model(folder)
    corpus = build_corpus([archive], stored.model.form)
    plan = _plan_of(stored, corpus)
    ids = sweep_ids(corpus.cavity, corpus.thermal_cycle, corpus.measured_at)
    splits = {
        GROUPED: split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 0, ids),
        LEAKY: split_at_random(corpus.sweep_count, 0, ids),
    }
    recipe = recipe or Recipe.from_record(stored.manifest["recipe"])
    kernels = stored.model.ensemble.architecture.kernel_heads
    say.done(EvaluationStage.SWEEPS)
    nets = {}
    for key, split in splits.items():
        nets[key] = retrained_predictions(corpus, plan, split, recipe, kernels)
        say.within(EvaluationStage.NETWORKS)(len(nets) / len(splits))
    board = make_board(
        corpus,
        plan,
        representation_of(corpus, [archive]),
        splits,
        others={NETWORK: nets},
        names=names,
    )
    say.done(EvaluationStage.BASELINES)
    mine = judge_corpus(stored.model, corpus, plan)
    targets = _targets(mine, corpus, board)
    for name, records in score_subsets(stored.model, corpus, plan).items():
        targets[name]["trace_subsets"] = records
    for name, strangers in score_strangers(stored.model, corpus, plan).items():
        targets[name]["never_trained"] = strangers
    say.done(EvaluationStage.SUBSETS)
    asked = corpus, splits[GROUPED], recipe
    wanted = OnDemand(
        certainty=retrained_certainty(*asked) if leave_classes_out else None,
        learner=retrained_learner(*asked) if flip_labels else None,
    )
    for name, checks in check_targets(mine, corpus, board, wanted).items():
        targets[name] |= checks
    described = {key: describe_split(split) for key, split in splits.items()}
    if learnt_from:
        described[TRANSFERRED] = _transfer(
            stored, [*learnt_from, archive], mine, targets, names
        )
    say.done(EvaluationStage.CHECKS)
    cycles = int(np.unique(corpus.thermal_cycle).size)
    seen = stored.manifest.get("data_sha256") == data_hash([archive])
    return {
        "model": stored.version,
        "sweeps": corpus.sweep_count,
        "cycles": cycles,
        "trained_on_this_archive": seen,
        "split": splits[GROUPED].kind.value,
        "splits": described,
        "warnings": [
            *_warnings(cycles, splits[GROUPED].kind, seen=seen),
            *left_out_words([archive], corpus),
        ],
        "targets": targets,
        "missing_baselines": board.missing,
        "not_evaluated": dict(plan.refused),
    }


def _plan_of(stored: StoredModel, corpus: Corpus) -> TargetPlan:
    """Return the model's heads for which the archive has labels."""
    model, plan = stored.model, TargetPlan()
    further = sorted(set(model.densities) - set(TARGETS))
    for name in (*TARGETS, *further):
        if name in model.densities:
            if np.isfinite(corpus.numbers.get(name, np.nan)).any():
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
    for name in plan.trained:
        if not usable(corpus, name).any():
            plan.densities.pop(name, None)
            plan.classes.pop(name, None)
            plan.refused[name] = "no labelled sweep has a reference to compare with"
    if not plan.trained:
        raise TrainingRefusedError(
            "no sweep of the archive has a label that the model knows, and a reference "
            f"where it needs one: label some of its sweeps with {', '.join(TARGETS)}, "
            "mark references, or name another archive"
        )
    return plan


def _targets(
    mine: dict[str, Predictions], corpus: Corpus, board: Board
) -> dict[str, dict[str, Any]]:
    found = {}
    for name, predictions in mine.items():
        usual = board.found[GROUPED][name].get("predict_mean")
        model = break_down(predictions, corpus, mean_crps=mean_crps(usual, predictions))
        rows = board.rows(name)
        found[name] = {
            "model": model | {"charts": chart_data(predictions, corpus)},
            "retrained": rows.pop(NETWORK),
            "baselines": rows,
            "ranking": board.ranking(name),
        }
    return found


def _transfer(
    stored: StoredModel,
    archives: list[LabelledArchive],
    mine: dict[str, Predictions],
    targets: dict[str, dict[str, Any]],
    names: Collection[str],
) -> dict[str, Any]:
    """Let baselines learn from the other archives and be judged on the last one."""
    corpus = build_corpus(archives, stored.model.form)
    plan = _plan_of(stored, corpus)
    split = split_new_archive(
        corpus.row[:, 0] == len(archives) - 1,
        corpus.thermal_cycle,
        corpus.measured_at,
        0,
        sweep_ids(corpus.cavity, corpus.thermal_cycle, corpus.measured_at),
    )
    board = make_board(
        corpus,
        plan,
        representation_of(corpus, archives),
        {TRANSFERRED: split},
        names=names,
    )
    offset = int(split.scored().argmax())
    for name, target in targets.items():
        for baseline, row in board.rows(name).items():
            target["baselines"].setdefault(baseline, {}).update(row)
        own = {MODEL: replace(mine[name], rows=mine[name].rows + offset)}
        target["transfer_ranking"] = board.ranking(name, own)
    return describe_split(split)


def _warnings(cycles: int, kind: SplitKind, *, seen: bool) -> list[str]:
    found = []
    if kind is SplitKind.BY_TIME:
        found.append(
            "there is one thermal cycle only: what is held out are blocks of its time, "
            "and scores tell of interpolation inside of it, not of the next cycle"
        )
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
