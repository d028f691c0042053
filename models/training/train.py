"""Training, from labelled archives to a model folder."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from instruments.files import LabelledArchive
from models.errors import TrainingRefusedError
from models.evaluation.breakdown import break_down
from models.evaluation.predictions import read_predictions
from models.networks.ensemble import Ensemble
from models.serving.folder import save_model
from models.serving.trained import TrainedModel
from models.training.calibrate import (
    bank_of,
    calibrate,
    look_at_held_out,
    novelty_of,
)
from models.training.corpus import Corpus, build_corpus
from models.training.fit import Recipe, fit_ensemble
from models.training.reading import LeftOutReadings, read_left_out
from models.training.splits import MEMBER_COUNT, Split, SplitKind, split_by_cycle
from models.training.targets import TargetPlan, plan_targets

FEW_CYCLES = 8
"""Below this number of cycles no figure is a ranking."""

_PACKAGES = ("halowatch", "numpy", "scipy", "torch", "safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """What came out of a training.

    Attributes
    ----------
    trained
        Targets that have a head.
    refused
        Target to the sentence why it has none.
    warnings
        Sentences on what the figures do not show.
    metrics
        Target to its metrics on held-out sweeps, JSON-ready.
    """

    model_version: str
    folder: str
    sweep_count: int
    cycle_count: int
    split: str
    trained: tuple[str, ...]
    refused: dict[str, str]
    warnings: tuple[str, ...]
    metrics: dict[str, Any]

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping."""
        record = asdict(self)
        return record | {"trained": list(self.trained), "warnings": list(self.warnings)}


def train_model(
    archives: Sequence[LabelledArchive],
    output_dir: Path,
    *,
    seed: int = 0,
    targets: Collection[str] | None = None,
    recipe: Recipe | None = None,
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

    Raises
    ------
    TrainingRefusedError
        If the archives do not go together or support no target.
    """
    if not archives:
        raise TrainingRefusedError("no archive is given")
    recipe = recipe or Recipe()
    corpus = build_corpus(archives)
    plan = plan_targets(corpus, targets)
    split = split_by_cycle(corpus.thermal_cycle, corpus.measured_at, seed)
    checked = fit_ensemble(corpus, plan, split.held_out(), seed, recipe)
    held_out = look_at_held_out(checked, corpus, split)
    served, hidden = _serving_ensemble(corpus, plan, split, checked, recipe=recipe)
    bank = bank_of(served, corpus, hidden)
    own_scores = None
    if served is not checked:
        scores = np.median(novelty_of(served, corpus, bank), axis=0)
        own_scores = scores[corpus.compared.any(axis=1)]
    calibrations = calibrate(corpus, plan, held_out, own_scores)
    read = read_left_out(corpus, plan, split, held_out, calibrations)
    model = TrainedModel(
        form=corpus.form,
        ensemble=served.requires_grad_(requires_grad=False),
        bank=bank,
        densities=plan.densities,
        classes=plan.classes,
        class_calibration=read.classes,
        interval_calibration=calibrations.intervals,
        novelty_calibration=calibrations.novelty,
        receiver=None if read.receiver is None else read.receiver.judge,
        names_condition=read.receiver is not None and read.receiver.names_condition,
        thermometer=None if read.lines is None else read.lines.thermometer,
        fingerprint=None if read.parts is None else read.parts.fingerprint,
    )
    metrics = _metrics(corpus, plan, read)
    warnings = _warnings(corpus, split)
    version = save_model(
        output_dir,
        model,
        _provenance(archives, corpus, plan, split)
        | {"seed": seed, "recipe": asdict(recipe)},
        {"metrics": metrics, "warnings": list(warnings), "split": split.kind.value},
    )
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
    )


def _serving_ensemble(
    corpus: Corpus, plan: TargetPlan, split: Split, checked: Ensemble, *, recipe: Recipe
) -> tuple[Ensemble, npt.NDArray[np.bool_]]:
    """Return the members that serve, and what each of them has not seen."""
    if split.kind is SplitKind.BY_CYCLE and split.fold_count == MEMBER_COUNT:
        return checked, split.held_out()
    # Too few cycles to spare one: calibrated on held-out folds, the members that
    # serve have seen all.
    hidden = np.zeros((MEMBER_COUNT, corpus.sweep_count), dtype=np.bool_)
    return fit_ensemble(corpus, plan, hidden, split.seed, recipe), hidden


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
            "sha256": hashlib.sha256(split.fold.astype("<i8").tobytes()).hexdigest(),
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
        ):
            digest.update(
                b"\0" if values is None else np.ascontiguousarray(values).data
            )
    return digest.hexdigest()
