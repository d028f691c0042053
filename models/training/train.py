"""Training, from labelled archives to a model folder."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from instruments.files import LabelledArchive
from models.diagnosis import LABEL
from models.errors import TrainingRefusedError
from models.evaluation.breakdown import break_down
from models.evaluation.predictions import read_predictions
from models.progress import Listener, Progress
from models.serving.card import write_card
from models.serving.folder import save_model
from models.serving.trained import TrainedModel
from models.training.calibrate import calibrate
from models.training.checkpoints import Checkpoints
from models.training.comparison import compare
from models.training.corpus import Corpus, build_corpus, left_out_words
from models.training.networks import learn_networks
from models.training.opinion import learn_second_opinion
from models.training.pretraining import prepare_pretraining
from models.training.pretraining_report import (
    pretraining_record,
    pretraining_warnings,
)
from models.training.progress import SHARES, Stage
from models.training.reading import LeftOutReadings, read_left_out
from models.training.recipe import Recipe
from models.training.report import TrainingReport
from models.training.split import Split, SplitKind
from models.training.splitting import split_by_cycle, sweep_ids
from models.training.strangeness import calibrate_strangeness
from models.training.targets import TargetPlan, plan_targets
from models.training.twin import learn_twin

FEW_CYCLES = 8
"""Below this number of cycles no figure is a ranking."""

_PACKAGES = ("halowatch", "numpy", "scipy", "torch", "safetensors")


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
    provenance = _provenance(archives, corpus, plan, split) | {
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
    checkpoints = Checkpoints.of(output_dir, provenance)
    networks = learn_networks(
        corpus,
        plan,
        split,
        recipe,
        pretraining=pretraining,
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
    if pretraining is not None:
        twin = learn_twin(pretraining.corpus, corpus, plan, read.probabilities)
    model = TrainedModel(
        form=corpus.form,
        ensemble=networks.served,
        bank=networks.bank,
        densities=plan.densities,
        classes=plan.classes,
        class_calibration=read.classes,
        interval_calibration=calibrations.intervals,
        novelty_calibration=calibrate_strangeness(
            corpus,
            plan,
            networks,
            calibrations,
            left_out,
        ),
        receiver=None if read.receiver is None else read.receiver.judge,
        names_condition=read.receiver is not None and read.receiver.names_condition,
        thermometer=None if read.lines is None else read.lines.thermometer,
        fingerprint=None if read.parts is None else read.parts.fingerprint,
        inputs=corpus.coordinate_inputs,
        opinion=None if opinion is None else opinion[0],
        presence=read.presence,
        units={name: corpus.units[name] for name in plan.densities if LABEL in name},
        twin=None if twin is None else twin.departure,
    )
    metrics = _metrics(corpus, plan, read)
    compared = compare(corpus, plan, split, metrics)
    say.done(Stage.BASELINES)
    warnings = (*_warnings(corpus, split), *left_out_words(archives, corpus))
    brought = None
    if pretraining is not None and twin is not None:
        brought = pretraining_record(pretraining, networks.guarded, twin)
        warnings += pretraining_warnings(pretraining, networks.guarded)
    version = save_model(
        output_dir,
        model,
        provenance,
        {
            "metrics": metrics,
            "warnings": list(warnings),
            "split": split.kind.value,
            "evaluation": compared,
        }
        | ({} if brought is None else {"pretraining": brought}),
        split.to_record(),
    )
    write_card(output_dir)
    checkpoints.clear()
    return TrainingReport(
        model_version=version,
        folder=str(output_dir),
        sweep_count=corpus.sweep_count,
        cycle_count=int(np.unique(corpus.thermal_cycle).size),
        split=split.kind.value,
        trained=plan.trained,
        refused=dict(plan.refused),
        warnings=warnings,
        metrics=metrics,
        pretraining=brought,
    )


def _metrics(corpus: Corpus, plan: TargetPlan, read: LeftOutReadings) -> dict[str, Any]:
    predictions = read_predictions(
        corpus, plan, read.probabilities, read.quantiles, read.classes
    )
    return {
        name: break_down(prediction, corpus) for name, prediction in predictions.items()
    }


def _warnings(corpus: Corpus, split: Split) -> tuple[str, ...]:
    cycles = int(np.unique(corpus.thermal_cycle).size)
    found = []
    if split.kind is SplitKind.BY_TIME:
        found.append(
            "there is one thermal cycle only: the figures tell how well the model "
            "interpolates inside of it, not how it does in the next one"
        )
    elif cycles < FEW_CYCLES:
        found.append(
            f"there are {cycles} thermal cycles: too few to promise a coverage for a "
            "new one"
        )
    if not corpus.compared.all():
        alone = int((~corpus.compared.any(axis=1)).sum())
        if alone:
            found.append(f"{alone} sweeps have no reference but themselves")
    return tuple(found)


def _provenance(
    archives: Sequence[LabelledArchive],
    corpus: Corpus,
    plan: TargetPlan,
    split: Split,
) -> dict[str, Any]:
    return {
        "data_sha256": data_hash(archives),
        "sweep_count": corpus.sweep_count,
        "cycle_count": int(np.unique(corpus.thermal_cycle).size),
        "split": {
            "kind": split.kind.value,
            "folds": split.fold_count,
            "sha256": split.sha256,
        },
        "refused": dict(plan.refused),
        "packages": {
            name: torch.__version__ if name == "torch" else metadata.version(name)
            for name in _PACKAGES
        },
    }


def data_hash(archives: Sequence[LabelledArchive]) -> str:
    """Hash all samples and labels, as 64 hexadecimal digits (SHA-256)."""
    digest = hashlib.sha256()
    for archive in archives:
        digest.update(json.dumps(archive.s_parameters).encode())
        for values in (
            archive.frequency_hz,
            archive.s,
            archive.cavity,
            archive.thermal_cycle,
            archive.measured_at,
            archive.is_reference,
            archive.temperature_k,
            archive.magnetic_field_tesla,
            archive.condition,
            archive.component,
            *(archive.labels[name] for name in sorted(archive.labels)),
        ):
            digest.update(
                b"\0" if values is None else np.ascontiguousarray(values).data
            )
    return digest.hexdigest()
