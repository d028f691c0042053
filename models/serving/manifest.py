"""What a model folder says of itself, checked without loading the model."""

import hashlib
import json
from pathlib import Path
from typing import Any

from models.errors import ModelFolderError

WEIGHTS = "weights.safetensors"
"""Weights, components and calibration."""

MANIFEST = "manifest.json"
"""What the model is, and the hash of its weights."""

SCHEMA = 4
"""Version of the folder's form."""

MAX_MANIFEST_BYTES = 1024 * 1024
"""Largest manifest."""

MAX_WEIGHTS_BYTES = 256 * 1024 * 1024
"""Largest weights file."""

_MEND = "train again or copy the folder again"


def version_of(manifest: dict[str, Any]) -> str:
    """Return the version: 16 digits of the hash of all that the manifest says."""
    content = {key: value for key, value in manifest.items() if key != "version"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_folder(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Read the manifest and the weights, every size and hash checked.

    Raises
    ------
    ModelFolderError
        If a file is missing, was changed, or is of another form.
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
            f"{folder / WEIGHTS}: is not the file that the manifest names; {_MEND}"
        )
    return manifest, weights


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(_read_bytes(path, MAX_MANIFEST_BYTES))
    except (ValueError, RecursionError):
        raise ModelFolderError(f"{path}: is not JSON; {_MEND}") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise ModelFolderError(f"{path}: is no manifest of schema {SCHEMA}; {_MEND}")
    if manifest.get("version") != version_of(manifest):
        raise ModelFolderError(f"{path}: was changed since it was written; {_MEND}")
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
        raise ModelFolderError(
            f"{path}: {error.strerror or error}; name a folder that halowatch train "
            "wrote"
        ) from None
