"""An opinion as arrays and a JSON-ready record, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.baselines.minirocket import MiniRocket
from models.baselines.ridge import Ridge
from models.errors import MALFORMED, ModelFolderError
from models.networks.density import LEVELS
from models.opinion.opinion import GROUP_COUNT, ClassOpinion, Opinion, ScalarOpinion
from models.stored_arrays import Arrays, prefixed, taken

_MOST_FEATURES = 1 << 20


def opinion_record(opinion: Opinion) -> dict[str, Any]:
    """Return all of an opinion that is no array."""
    return {
        "scalars": sorted(opinion.scalars),
        "classes": {
            name: each.softmax_temperature
            for name, each in sorted(opinion.classes.items())
        },
        "healthy": opinion.healthy,
    }


def opinion_arrays(opinion: Opinion) -> Arrays:
    """Return all arrays of an opinion by name."""
    arrays: Arrays = {"scale": opinion.scale}
    arrays |= prefixed("rocket.", opinion.rocket.to_arrays())
    for name, scalar in opinion.scalars.items():
        arrays |= prefixed(f"{name}.ridge.", _single(scalar.ridge))
        arrays[f"{name}.edges"] = scalar.edges
        arrays[f"{name}.offsets"] = scalar.offsets
    for name, classes in opinion.classes.items():
        arrays |= prefixed(f"{name}.ridge.", _single(classes.ridge))
    return arrays


def opinion_of(
    record: Mapping[str, Any], arrays: Arrays, outputs: Mapping[str, int]
) -> Opinion:
    """Rebuild an opinion.

    Parameters
    ----------
    outputs
        Target to its outputs: 1 for a scalar.

    Raises
    ------
    ModelFolderError
        If something is missing, left over, not finite or of another shape.
    """
    left = dict(arrays)
    try:
        opinion = Opinion(
            scale=left.pop("scale").astype(np.float32),
            rocket=MiniRocket.from_arrays(taken(left, "rocket.")),
            scalars={
                str(name): ScalarOpinion(
                    ridge=Ridge.from_arrays(taken(left, f"{name}.ridge.")),
                    edges=left.pop(f"{name}.edges"),
                    offsets=left.pop(f"{name}.offsets"),
                )
                for name in record["scalars"]
            },
            classes={
                str(name): ClassOpinion(
                    ridge=Ridge.from_arrays(taken(left, f"{name}.ridge.")),
                    softmax_temperature=float(heat),
                )
                for name, heat in record["classes"].items()
            },
            healthy=int(record["healthy"]),
        )
    except MALFORMED as error:
        raise ModelFolderError(
            f"second opinion: is incomplete or malformed ({str(error)[:80]})"
        ) from None
    if left:
        name = min(left)[:80]
        raise ModelFolderError(f"second opinion: array {name!r} is not known")
    _check(opinion, outputs)
    return opinion


def _check(opinion: Opinion, outputs: Mapping[str, int]) -> None:
    traces = opinion.scale.shape[0] if opinion.scale.ndim == 2 else 0
    ridges = {name: each.ridge for name, each in opinion.scalars.items()}
    ridges |= {name: each.ridge for name, each in opinion.classes.items()}
    fits = (
        opinion.scale.shape == (traces, 2)
        and traces > 0
        and opinion.rocket.channels.shape[2] == 2
        and opinion.rocket.feature_count <= _MOST_FEATURES
        and all(
            each.edges.shape == (2,)
            and each.offsets.shape == (GROUP_COUNT, len(LEVELS))
            for each in opinion.scalars.values()
        )
        and all(heat.softmax_temperature > 0 for heat in opinion.classes.values())
        and all(outputs.get(name) == each.offset.size for name, each in ridges.items())
        and len({each.centre.size for each in ridges.values()}) == 1
    )
    numbers: list[npt.NDArray[Any]] = [opinion.scale]
    for ridge in ridges.values():
        numbers += [ridge.centre, 1.0 / ridge.scale, ridge.weights, ridge.offset]
    if not fits or not all(np.isfinite(each).all() for each in numbers):
        raise ModelFolderError("second opinion: its arrays do not fit each other")


def _single(ridge: Ridge) -> Arrays:
    return {name: each.astype(np.float32) for name, each in ridge.to_arrays().items()}
