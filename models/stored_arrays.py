"""Arrays of a model folder by name, handed out once and held against their shapes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import ModelFolderError

Arrays = dict[str, npt.NDArray[Any]]

_MOST_PLACES = 512


def prefixed(prefix: str, arrays: Arrays) -> Arrays:
    """Return arrays under longer names."""
    return {prefix + name: value for name, value in arrays.items()}


def taken(arrays: Arrays, prefix: str) -> Arrays:
    """Take those whose names begin with a prefix out, and return them without it."""
    names = [name for name in arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): arrays.pop(name) for name in names}


class ArrayTaker:
    """Hands arrays out once, each held against what it must be.

    Parameters
    ----------
    owner
        Whose they are, for the sentence of a refusal.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], owner: str) -> None:
        self._left = dict(arrays)
        self._owner = owner

    def take(
        self, name: str, shape: tuple[int | None, ...], *, gaps: bool = False
    ) -> npt.NDArray[np.float64]:
        """Return an array; None stands for any length."""
        if name not in self._left:
            raise ModelFolderError(f"{self._owner}: array {name!r} is missing")
        values = np.asarray(self._left.pop(name), dtype=np.float64)
        fits = values.ndim == len(shape) and all(
            wanted in {None, got}
            for wanted, got in zip(shape, values.shape, strict=True)
        )
        if not fits:
            raise ModelFolderError(
                f"{self._owner}: array {name!r} has shape {values.shape}, needs {shape}"
            )
        if not gaps and not np.isfinite(values).all():
            raise ModelFolderError(f"{self._owner}: array {name!r} is not finite")
        return values

    def rising(self, name: str) -> npt.NDArray[np.float64]:
        """Return an array of places that rise."""
        values = self.take(name, (None,))
        if values.size > _MOST_PLACES or not (np.diff(values) > 0).all():
            raise ModelFolderError(f"{self._owner}: array {name!r} does not rise")
        return values

    def finish(self) -> None:
        """Refuse what nobody asked for."""
        if self._left:
            name = min(self._left)[:80]
            raise ModelFolderError(f"{self._owner}: array {name!r} is not known")


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
