"""The model folder: safetensors and JSON, never anything that runs."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.numpy

from models.errors import MALFORMED, ModelFolderError
from models.serving.manifest import (
    MANIFEST,
    SCHEMA,
    WEIGHTS,
    check_folder,
    version_of,
)
from models.serving.packing import readers_record, tensors_of
from models.serving.trained import TrainedModel
from models.serving.unpacking import model_of

REPORT = "report.json"
"""How well it did on cycles that it had not seen."""

SPLIT = "split.json"
"""Which sweeps were left out together."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model with its version and manifest."""

    model: TrainedModel
    version: str
    manifest: dict[str, Any]


def save_model(
    folder: Path,
    model: TrainedModel,
    provenance: dict[str, Any],
    report: dict[str, Any],
    split: dict[str, Any] | None = None,
) -> str:
    """Write a model folder and return its version.

    Parameters
    ----------
    folder
        Made if it does not exist; its files are replaced.
    provenance
        JSON-ready: data hash, split, seed, package versions, refused targets.
    report
        JSON-ready: metrics and warnings.
    split
        JSON-ready: which sweep was left out with which, and its hash.
    """
    weights = safetensors.numpy.save(tensors_of(model))
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "s_parameters": list(model.form.s_parameters),
        "bands_hz": model.form.bands_hz.tolist(),
        "architecture": model.ensemble.architecture.to_record(),
        "densities": {name: grid.to_record() for name, grid in model.densities.items()},
        "classes": {name: list(labels) for name, labels in model.classes.items()},
        "units": dict(model.units),
        "readers": readers_record(model),
        "weights": {
            "sha256": hashlib.sha256(weights).hexdigest(),
            "bytes": len(weights),
        },
        **provenance,
    }
    manifest["version"] = version_of(manifest)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(weights)
    _write_json(folder / REPORT, {"version": manifest["version"], **report})
    if split is not None:
        # One line: a list of thousands of names needs no line each.
        (folder / SPLIT).write_text(json.dumps(split, sort_keys=True) + "\n")
    _write_json(folder / MANIFEST, manifest)
    return str(manifest["version"])


def load_model(folder: Path) -> StoredModel:
    """Read a model folder, every size and hash checked.

    Raises
    ------
    ModelFolderError
        If a file is missing, was changed, or does not fit together.
    """
    manifest, weights = check_folder(folder)
    try:
        tensors = safetensors.numpy.load(weights)
    except safetensors.SafetensorError as error:
        raise ModelFolderError(f"{folder / WEIGHTS}: {error}") from None
    try:
        model = model_of(manifest, tensors, str(folder / WEIGHTS))
    except MALFORMED as error:
        raise ModelFolderError(
            f"{folder / MANIFEST}: is incomplete or malformed ({error})"
        ) from None
    return StoredModel(model, str(manifest["version"]), manifest)


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, allow_nan=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
