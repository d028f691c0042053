"""What the tensors of a model folder must be, before anything is made of them."""

from typing import Any

from models.calibration.intervals import GROUP_COUNT
from models.calibration.novelty import GRID_SIZE, SCORES
from models.calibration.presence import parts_of
from models.errors import ModelFolderError
from models.networks.architecture import Architecture
from models.networks.density import LEVELS
from models.networks.ensemble import Ensemble
from models.opinion.disagreement import DISAGREEMENT
from models.preprocessing.grid import BIN_COUNT
from models.serving.trained import HEALTHY
from models.stored_arrays import Arrays

_LARGEST = {
    "member_count": 32,
    "trace_count": 32,
    "ratio_count": 2 * BIN_COUNT,
    "level_count": BIN_COUNT,
    "ratio_components": 512,
    "level_components": 512,
    "width": 4096,
    "embedding": 4096,
}
_MOST_COORDINATES = 4096
_MOST_OUTPUTS = 4096
_MOST_HEADS = 32


def expected_shapes(
    ensemble: Ensemble, manifest: dict[str, Any], known: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor that a folder must hold, and may."""
    sizes = ensemble.architecture
    shapes: dict[str, tuple[int, ...]] = {
        f"ensemble.{name}": tuple(value.shape)
        for name, value in ensemble.state_dict().items()
    }
    shapes["form.kept"] = (BIN_COUNT,)
    shapes["form.weight"] = (sizes.trace_count, sizes.ratio_count)
    shapes["novelty.bank"] = (
        sizes.member_count,
        known,
        sizes.trace_count,
        sizes.ratio_components,
    )
    scores = len(score_names(manifest))
    shapes["novelty.quantiles"] = (scores, GRID_SIZE)
    shapes["novelty.tail"] = (scores,)
    shapes["novelty.count"] = (1,)
    shapes |= {f"classes.{name}": (3,) for name in manifest["classes"]}
    if manifest["readers"].get("presence"):
        labels = manifest["classes"]["condition"]
        parts = len(parts_of(tuple(labels), HEALTHY))
        shapes["presence.weights"] = (len(labels), parts)
        shapes["presence.offset"] = shapes["presence.thresholds"] = (parts,)
    for name in manifest["densities"]:
        shapes[f"intervals.{name}.temperature"] = (1,)
        shapes[f"intervals.{name}.edges"] = (2,)
        shapes[f"intervals.{name}.offsets"] = (GROUP_COUNT, len(LEVELS))
    return shapes


def score_names(manifest: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the scores of strangeness, in their order."""
    judged = manifest["readers"].get("opinion")
    return SCORES if judged is None else (*SCORES, DISAGREEMENT)


def check_sizes(architecture: Architecture, shown: str) -> None:
    """Refuse sizes that no training gives, before anything is made of them.

    Raises
    ------
    ModelFolderError
        If one is out of bounds.
    """
    heads = (*architecture.receiver_heads, *architecture.component_heads)
    absurd = [
        name
        for name, limit in _LARGEST.items()
        if not 1 <= getattr(architecture, name) <= limit
    ]
    if not 0 <= architecture.coordinate_count <= _MOST_COORDINATES:
        absurd.append("coordinate_count")
    if absurd or len(heads) > _MOST_HEADS:
        raise ModelFolderError(f"{shown}: {(absurd or ['heads'])[0]} is out of bounds")
    if set(architecture.pretrained_heads) - dict(architecture.receiver_heads).keys():
        raise ModelFolderError(f"{shown}: a pre-trained head is none of its heads")
    if any(not 2 <= size <= _MOST_OUTPUTS for _, size in heads):
        raise ModelFolderError(f"{shown}: a head has an absurd number of outputs")


def check_shapes(
    tensors: Arrays, expected: dict[str, tuple[int, ...]], shown: str
) -> None:
    """Refuse tensors that are missing, left over or of another shape.

    Raises
    ------
    ModelFolderError
        Naming the first of them.
    """
    if left := sorted(expected.keys() - tensors.keys()):
        raise ModelFolderError(f"{shown}: tensor {left[0]!r} is missing")
    if extra := sorted(tensors.keys() - expected.keys()):
        raise ModelFolderError(f"{shown}: tensor {extra[0][:80]!r} is not known")
    for name, shape in expected.items():
        if tensors[name].shape != shape:
            raise ModelFolderError(
                f"{shown}: tensor {name!r} has shape {tensors[name].shape}, "
                f"needs {shape}"
            )
