"""Training, from labelled archives to a model folder."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from instruments.files import LabelledArchive
from models.diagnosis import LABEL
from models.errors import TrainingRefusedError
from models.evaluation.breakdown import break_down
from models.evaluation.predictions import read_predictions
from models.opinion import Opinion, OpinionReading
from models.progress import Listener, Progress
from models.serving.card import write_card
from models.serving.folder import save_model
from models.serving.trained import TrainedModel
from models.training.calibrate import Calibrations, calibrate
from models.training.checkpoints import Checkpoints
from models.training.comparison import compare
from models.training.corpus import Corpus, build_corpus, left_out_words
from models.training.networks import LearntNetworks, learn_networks
from models.training.opinion import learn_second_opinion
from models.training.outlook import data_words, promotion_words
from models.training.pretraining import Pretraining, prepare_pretraining
from models.training.pretraining_report import (
    pretraining_record,
    pretraining_warnings,
)
from models.training.progress import SHARES, Stage
from models.training.provenance import data_hash, provenance_of
from models.training.reading import LeftOutReadings, read_left_out
from models.training.recipe import Recipe
from models.training.report import TrainingReport
from models.training.split import Split
from models.training.splitting import split_by_cycle, sweep_ids
from models.training.strangeness import calibrate_strangeness
from models.training.targets import TargetPlan, plan_targets
from models.training.twin import LearntTwin, learn_twin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lesson:
    """What is learnt from."""

    corpus: Corpus
    plan: TargetPlan
    split: Split
    pretraining: Pretraining | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Learnt:
    """What was learnt, and what it says of sweeps that it has not seen."""

    networks: LearntNetworks
    calibrations: Calibrations
    opinion: tuple[Opinion, OpinionReading] | None
    read: LeftOutReadings
    twin: LearntTwin | None


def train_model(
    archives: Sequence[LabelledArchive],
    output_dir: Path,
    *,
    seed: int = 0,
    targets: Collection[str] | None = None,
    recipe: Recipe | None = None,
    pretrain_on: Sequence[LabelledArchive] = (),
    tell: Listener | None = None,
) -> TrainingReport:
    """Train, calibrate and write a model folder.

    Parameters
    ----------
    archives
        Labelled archives of the same traces.
    output_dir
        The folder; made if it does not exist.
    seed
        Of splits and weights; the same seed gives the same folder on one machine.
    targets
        Targets to train; all that the labels support where None.
    pretrain_on
        Archives simulated from a twin of the receiver, that networks learn from first.
        What they learnt is kept head by head, where left-out cycles of the archives
        are read better with it.
    tell
        Is called with what was done, and the share of the whole.

    Notes
    -----
    A member that is finished is kept in the folder until the model is: the same
    command goes on where it was stopped.

    Raises
    ------
    TrainingRefusedError
        If the archives do not go together or support no target.
    """
    if not archives:
        raise TrainingRefusedError("no archive is given")
    recipe = recipe or Recipe()
    say = Progress(tell, SHARES)
    corpus = build_corpus(archives)
    say.done(Stage.SWEEPS)
    plan = plan_targets(corpus, targets)
    ids = sweep_ids(corpus.cavity, corpus.thermal_cycle, corpus.measured_at)
    split = split_by_cycle(corpus.thermal_cycle, corpus.measured_at, seed, ids)
    provenance = provenance_of(archives, corpus, plan, split) | {
        "seed": seed,
        "recipe": asdict(recipe),
    }
    pretraining = None
    if pretrain_on:
        pretraining = prepare_pretraining(pretrain_on, corpus, plan)
        provenance["pretraining"] = {
            "data_sha256": data_hash(pretrain_on),
            "sweep_count": pretraining.corpus.sweep_count,
            "fine_tuned": pretraining.is_fine_tuned,
        }
    lesson = _Lesson(corpus=corpus, plan=plan, split=split, pretraining=pretraining)
    checkpoints = Checkpoints.of(output_dir, provenance)
    learnt = _learn(lesson, recipe, checkpoints, say)
    model = _assemble(lesson, learnt)
    report = _report(lesson, learnt, left_out_words(archives, corpus))
    say.done(Stage.BASELINES)
    version = save_model(output_dir, model, provenance, report, split.to_record())
    write_card(output_dir)
    checkpoints.clear()
    return TrainingReport(
        model_version=version,
        folder=str(output_dir),
        sweep_count=corpus.sweep_count,
        cycle_count=provenance["cycle_count"],
        split=split.kind.value,
        trained=plan.trained,
        refused=dict(plan.refused),
        warnings=tuple(report["warnings"]),
        metrics=report["metrics"],
        pretraining=report.get("pretraining"),
    )


def _learn(
    lesson: _Lesson, recipe: Recipe, checkpoints: Checkpoints, say: Progress
) -> _Learnt:
    """Learn the networks, the second opinion, and who reads beside them."""
    corpus, plan, split = lesson.corpus, lesson.plan, lesson.split
    networks = learn_networks(
        corpus,
        plan,
        split,
        recipe,
        pretraining=lesson.pretraining,
        checkpoints=checkpoints,
        tell=say.within(Stage.NETWORKS),
    )
    calibrations = calibrate(corpus, plan, networks.held_out)
    opinion = learn_second_opinion(corpus, plan, split)
    left_out = None if opinion is None else opinion[1]
    say.done(Stage.OPINION)
    read = read_left_out(
        corpus, plan, split, networks.held_out, calibrations, opinion=left_out
    )
    say.done(Stage.READERS)
    twin = None
    if lesson.pretraining is not None:
        simulated = lesson.pretraining.corpus
        twin = learn_twin(simulated, corpus, plan, read.probabilities)
    return _Learnt(
        networks=networks,
        calibrations=calibrations,
        opinion=opinion,
        read=read,
        twin=twin,
    )


def _assemble(lesson: _Lesson, learnt: _Learnt) -> TrainedModel:
    """Put together what serves; strangeness is calibrated here."""
    corpus, plan, read = lesson.corpus, lesson.plan, learnt.read
    opinion, left_out = learnt.opinion or (None, None)
    return TrainedModel(
        form=corpus.form,
        ensemble=learnt.networks.served,
        bank=learnt.networks.bank,
        densities=plan.densities,
        classes=plan.classes,
        class_calibration=read.classes,
        interval_calibration=learnt.calibrations.intervals,
        novelty_calibration=calibrate_strangeness(
            corpus, plan, learnt.networks, learnt.calibrations, left_out
        ),
        receiver=None if read.receiver is None else read.receiver.judge,
        names_condition=read.receiver is not None and read.receiver.names_condition,
        thermometer=None if read.lines is None else read.lines.thermometer,
        fingerprint=None if read.parts is None else read.parts.fingerprint,
        inputs=corpus.coordinate_inputs,
        opinion=opinion,
        presence=read.presence,
        units={name: corpus.units[name] for name in plan.densities if LABEL in name},
        twin=None if learnt.twin is None else learnt.twin.departure,
    )


def _report(
    lesson: _Lesson, learnt: _Learnt, left_out: Sequence[str]
) -> dict[str, Any]:
    """Score left-out sweeps beside simple models, and say what that does not show.

    Parameters
    ----------
    left_out
        Sentences on what was not learnt from.
    """
    corpus, plan, split = lesson.corpus, lesson.plan, lesson.split
    metrics = _metrics(corpus, plan, learnt.read)
    report: dict[str, Any] = {
        "metrics": metrics,
        "split": split.kind.value,
        "evaluation": compare(corpus, plan, split, metrics),
    }
    warnings = [*data_words(corpus, split), *left_out]
    if lesson.pretraining is not None and learnt.twin is not None:
        guarded = learnt.networks.guarded
        report["pretraining"] = pretraining_record(
            lesson.pretraining, guarded, learnt.twin
        )
        warnings += pretraining_warnings(lesson.pretraining, guarded)
    warnings += promotion_words(report, int(np.unique(corpus.thermal_cycle).size))
    return report | {"warnings": warnings}


def _metrics(corpus: Corpus, plan: TargetPlan, read: LeftOutReadings) -> dict[str, Any]:
    predictions = read_predictions(
        corpus, plan, read.probabilities, read.quantiles, read.classes
    )
    return {
        name: break_down(prediction, corpus) for name, prediction in predictions.items()
    }
