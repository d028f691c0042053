"""What a stored judge must be, before anything is made of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.coordinates.storing import check_form
from models.errors import ModelFolderError

OWNER = "receiver"
"""Whose the arrays and numbers are, for the sentence of a refusal."""

_MOST_SETS = 64
_MOST_LABELS = 4096


def check_record(record: Mapping[str, Any]) -> None:
    """Refuse sizes and numbers that no training gives.

    Raises
    ------
    ModelFolderError
        If one is out of bounds or not finite.
    """
    check_form(record, OWNER)
    _check_sizes(record)
    _check_numbers(record)


def _check_sizes(record: Mapping[str, Any]) -> None:
    """Refuse sizes that no training gives, before anything is made of them."""
    absurd = (
        not 1 <= len(record["sets"]) <= _MOST_SETS
        or len(record["labels"]) > _MOST_LABELS
        or not -1 <= int(record["healthy"]) < max(len(record["labels"]), 1)
        or any(len(each["traces"]) != len(record["traces"]) for each in record["sets"])
    )
    if absurd:
        raise ModelFolderError(f"{OWNER}: a size is out of bounds")


def _check_numbers(record: Mapping[str, Any]) -> None:
    """Refuse numbers that are not finite, or not positive where they must be."""
    numbers = [
        *record["place_range"],
        *record["field_range_tesla"],
        record["field_scale"],
    ]
    positive = [
        record["freedom"],
        record["tempering"],
        *(each["softmax_temperature"] for each in record["sets"]),
    ]
    if not np.isfinite(np.array(numbers + positive, dtype=np.float64)).all():
        raise ModelFolderError(f"{OWNER}: a number is not finite")
    if min(positive) <= 0 or record["field_scale"] < 0:
        raise ModelFolderError(f"{OWNER}: a number is not positive")


def is_positive(covariances: npt.NDArray[np.float64]) -> bool:
    """Return whether all of several covariances are positive definite."""
    try:
        np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        return False
    return True


def triangle_of(matrices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return half of symmetric matrices, (..., n, n) to (..., n (n + 1) / 2)."""
    rows, columns = np.tril_indices(matrices.shape[-1])
    return np.asarray(matrices[..., rows, columns])


def symmetric(triangles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return symmetric matrices from their halves, the inverse of triangle_of."""
    size = int((np.sqrt(8 * triangles.shape[-1] + 1) - 1) / 2)
    rows, columns = np.tril_indices(size)
    whole = np.empty((*triangles.shape[:-1], size, size))
    whole[..., rows, columns] = triangles
    whole[..., columns, rows] = triangles
    return whole
