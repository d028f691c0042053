"""The model folder: safetensors and JSON, never anything that runs."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.numpy

from models.errors import ModelFolderError
from models.serving.packing import model_of, tensors_of
from models.serving.trained import TrainedModel

WEIGHTS = "weights.safetensors"
"""Weights, components and calibration."""

MANIFEST = "manifest.json"
"""What the model is, and the hash of its weights."""

REPORT = "report.json"
"""How well it did on cycles that it had not seen."""

SCHEMA = 1
"""Version of the folder's form."""

MAX_MANIFEST_BYTES = 1024 * 1024
"""Largest manifest."""

MAX_WEIGHTS_BYTES = 256 * 1024 * 1024
"""Largest weights file."""


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
) -> str:
    """Write a model folder and return its version.

    Parameters
    ----------
    folder
        Made if it does not exist; the three files are replaced.
    provenance
        JSON-ready: data hash, split, seed, package versions, refused targets.
    report
        JSON-ready: metrics and warnings.
    """
    weights = safetensors.numpy.save(tensors_of(model))
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "s_parameters": list(model.form.s_parameters),
        "bands_hz": model.form.bands_hz.tolist(),
        "architecture": model.ensemble.architecture.to_record(),
        "densities": {name: grid.to_record() for name, grid in model.densities.items()},
        "classes": {name: list(labels) for name, labels in model.classes.items()},
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
    _write_json(folder / MANIFEST, manifest)
    return str(manifest["version"])


def version_of(manifest: dict[str, Any]) -> str:
    """Return the version: 16 digits of the hash of all that the manifest says."""
    content = {key: value for key, value in manifest.items() if key != "version"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_model(folder: Path) -> StoredModel:
    """Read a model folder, every size and hash checked.

    Raises
    ------
    ModelFolderError
        If a file is missing, was changed, or does not fit together.
    """
    manifest = _read_manifest(folder)
    weights = _read_bytes(folder / WEIGHTS, MAX_WEIGHTS_BYTES)
    stated = manifest.get("weights")
    if not isinstance(stated, dict):
        raise ModelFolderError(
            f"{folder / MANIFEST}: is incomplete, it names no weights"
        )
    if hashlib.sha256(weights).hexdigest() != stated.get("sha256"):
        raise ModelFolderError(
            f"{folder / WEIGHTS}: is not the file that the manifest names; "
            "train again or copy the folder again"
        )
    try:
        tensors = safetensors.numpy.load(weights)
    except safetensors.SafetensorError as error:
        raise ModelFolderError(f"{folder / WEIGHTS}: {error}") from None
    try:
        model = model_of(manifest, tensors, str(folder / WEIGHTS))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFolderError(
            f"{folder / MANIFEST}: is incomplete or malformed ({error})"
        ) from None
    return StoredModel(model, str(manifest["version"]), manifest)


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(_read_bytes(path, MAX_MANIFEST_BYTES))
    except (ValueError, RecursionError):
        raise ModelFolderError(f"{path}: is not JSON") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise ModelFolderError(f"{path}: is no manifest of schema {SCHEMA}")
    if manifest.get("version") != version_of(manifest):
        raise ModelFolderError(f"{path}: was changed since it was written")
    return manifest


def _read_bytes(path: Path, limit: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > limit:
            raise ModelFolderError(
                f"{path}: has {size} bytes, at most {limit} are read"
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelFolderError(f"{path}: {error.strerror or error}") from None


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, allow_nan=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
