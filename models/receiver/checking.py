"""What a stored judge must be, before anything is made of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import ModelFolderError

_MOST_TRACES = 32
_MOST_BINS = 4096
_MOST_SETS = 64
_MOST_PARTS = 32
_MOST_PLACES = 512
_MOST_LABELS = 4096


class ArrayTaker:
    """Hands arrays out once, each held against what it must be."""

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self._left = arrays

    def take(
        self, name: str, shape: tuple[int | None, ...], *, gaps: bool = False
    ) -> npt.NDArray[np.float64]:
        """Return an array; None stands for any length."""
        if name not in self._left:
            raise ModelFolderError(f"receiver: array {name!r} is missing")
        values = np.asarray(self._left.pop(name), dtype=np.float64)
        fits = values.ndim == len(shape) and all(
            wanted in {None, got}
            for wanted, got in zip(shape, values.shape, strict=True)
        )
        if not fits:
            raise ModelFolderError(
                f"receiver: array {name!r} has shape {values.shape}, needs {shape}"
            )
        if not gaps and not np.isfinite(values).all():
            raise ModelFolderError(f"receiver: array {name!r} is not finite")
        return values

    def rising(self, name: str) -> npt.NDArray[np.float64]:
        """Return an array of places that rise."""
        values = self.take(name, (None,))
        if values.size > _MOST_PLACES or not (np.diff(values) > 0).all():
            raise ModelFolderError(f"receiver: array {name!r} does not rise")
        return values

    def finish(self) -> None:
        """Refuse what nobody asked for."""
        if self._left:
            name = min(self._left)[:80]
            raise ModelFolderError(f"receiver: array {name!r} is not known")


def check_form(record: Mapping[str, Any]) -> None:
    """Refuse a form of coordinates that no training gives.

    Raises
    ------
    ModelFolderError
        If a size is out of bounds or a number is not finite.
    """
    _check_form_sizes(record)
    _finite(_form_numbers(record))


def check_record(record: Mapping[str, Any]) -> None:
    """Refuse sizes and numbers that no training gives.

    Raises
    ------
    ModelFolderError
        If one is out of bounds or not finite.
    """
    _check_sizes(record)
    _check_numbers(record)


def _check_sizes(record: Mapping[str, Any]) -> None:
    """Refuse sizes that no training gives, before anything is made of them."""
    _check_form_sizes(record)
    absurd = (
        not 1 <= len(record["sets"]) <= _MOST_SETS
        or len(record["labels"]) > _MOST_LABELS
        or not -1 <= int(record["healthy"]) < max(len(record["labels"]), 1)
        or any(len(each["traces"]) != len(record["traces"]) for each in record["sets"])
    )
    if absurd:
        raise ModelFolderError("receiver: a size is out of bounds")


def _check_form_sizes(record: Mapping[str, Any]) -> None:
    absurd = (
        not 1 <= len(record["traces"]) <= _MOST_TRACES
        or not 2 <= int(record["bin_count"]) <= _MOST_BINS
        or any(
            len(each["gates"]) > _MOST_PARTS or len(each["windows"]) > _MOST_PARTS
            for each in record["traces"]
        )
        or any(
            not 0 <= int(low) < int(high) <= int(record["bin_count"])
            for each in record["traces"]
            for low, high in each["windows"]
        )
        or any(
            not 0 <= int(gate) < int(record["bin_count"])
            for each in record["traces"]
            for gate in each["gates"]
        )
    )
    if absurd:
        raise ModelFolderError("receiver: a size is out of bounds")


def _check_numbers(record: Mapping[str, Any]) -> None:
    """Refuse numbers that are not finite, or not positive where they must be."""
    numbers = [
        *record["place_range"],
        *record["field_range_tesla"],
        record["field_scale"],
        *_form_numbers(record),
    ]
    positive = [
        record["freedom"],
        record["tempering"],
        *(each["softmax_temperature"] for each in record["sets"]),
    ]
    _finite(numbers + positive)
    if min(positive) <= 0 or record["field_scale"] < 0:
        raise ModelFolderError("receiver: a number is not positive")


def _form_numbers(record: Mapping[str, Any]) -> list[Any]:
    return [
        *record["band_hz"],
        *(
            number
            for each in record["traces"]
            for number in (each["delay_s"], each["turns_at_middle"])
        ),
    ]


def _finite(numbers: list[Any]) -> None:
    if not np.isfinite(np.array(numbers, dtype=np.float64)).all():
        raise ModelFolderError("receiver: a number is not finite")


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
