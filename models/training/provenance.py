"""Where a model comes from: its data, its split, and the packages that made it."""

import hashlib
import json
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import numpy as np
import torch

from instruments.files import LabelledArchive
from models.training.corpus import Corpus
from models.training.split import Split
from models.training.targets import TargetPlan

_PACKAGES = ("halowatch", "numpy", "scipy", "torch", "safetensors")


def provenance_of(
    archives: Sequence[LabelledArchive],
    corpus: Corpus,
    plan: TargetPlan,
    split: Split,
) -> dict[str, Any]:
    """Write JSON-ready what a model was made from and with."""
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
