"""A split of sweeps into folds: what it is, and how it is stored."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

ALWAYS_SEEN = -1
"""Fold of sweeps that are learnt from and never tested."""

Texts = npt.NDArray[np.str_]
Folds = npt.NDArray[np.intp]


class SplitKind(StrEnum):
    """What held-out sweeps are held out by."""

    BY_CYCLE = "by_cycle"
    """Whole thermal cycles."""

    BY_CAVITY = "by_cavity"
    """Whole cavities."""

    FORWARD_IN_TIME = "forward_in_time"
    """Cycles that come later than all that was learnt from."""

    BACKWARD_IN_TIME = "backward_in_time"
    """Cycles that came earlier than all that was learnt from: a check on the former."""

    NEW_ARCHIVE = "new_archive"
    """Archives that were named as test; the others are learnt from, and split among
    themselves by cycle, so that errors can be learnt too."""

    BY_TIME = "by_time"
    """Blocks of time inside of the one cycle that there is: interpolation."""

    RANDOM_LEAKY = "random_leaky"
    """Single sweeps at random: neighbours in time leak; shown for comparison only."""

    @property
    def is_leaky(self) -> bool:
        """Whether test sweeps have neighbours of their own cycle in training."""
        return self in {SplitKind.BY_TIME, SplitKind.RANDOM_LEAKY}

    @property
    def is_ordered(self) -> bool:
        """Whether a fold is hidden from all folds before it too."""
        return self in {SplitKind.FORWARD_IN_TIME, SplitKind.BACKWARD_IN_TIME}


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which fold each sweep is tested in.

    Attributes
    ----------
    fold
        Shape (sweep,); :data:`ALWAYS_SEEN` where a sweep is only learnt from.
    fold_count
        Number of folds.
    seed
        That it was drawn with.
    ids
        Name of each sweep, shape (sweep,); its place where none was given.
    """

    kind: SplitKind
    fold: Folds
    fold_count: int
    seed: int
    ids: Texts = field(default_factory=lambda: np.array([], dtype=np.str_))

    def __post_init__(self) -> None:
        """Name the sweeps by their places where they have no names."""
        if self.ids.size == 0:
            places = np.arange(self.fold.size).astype(np.str_)
            object.__setattr__(self, "ids", places)
        if self.ids.shape != self.fold.shape:
            raise ValueError(f"{self.ids.size} ids for {self.fold.size} sweeps")

    def held_out(self) -> npt.NDArray[np.bool_]:
        """Return which sweeps each fold's network must not see, (fold, sweep)."""
        folds = np.arange(self.fold_count)[:, None]
        if self.kind.is_ordered:
            return np.asarray(self.fold[None, :] >= folds)
        if self.kind is SplitKind.NEW_ARCHIVE:
            return np.asarray((self.fold[None, :] == folds) | self.scored())
        return np.asarray(self.fold[None, :] == folds)

    def scored(self) -> npt.NDArray[np.bool_]:
        """Return which sweeps count as tested, shape (sweep,)."""
        if self.kind is SplitKind.NEW_ARCHIVE:
            return np.asarray(self.fold == self.fold_count - 1)
        return np.asarray(self.fold >= 0)

    def folds(self) -> Iterator[tuple[int, Folds, Folds]]:
        """Yield each fold with the sweeps that it learns from and is tested on."""
        for fold, hidden in enumerate(self.held_out()):
            yield fold, np.flatnonzero(~hidden), np.flatnonzero(self.fold == fold)

    @property
    def sha256(self) -> str:
        """Hash of kind and of every sweep's id and fold, in any order of sweeps."""
        digest = hashlib.sha256(f"{self.kind.value}\n{self.fold_count}\n".encode())
        rows = zip(self.ids.tolist(), self.fold.tolist(), strict=True)
        for name, fold in sorted(rows):
            digest.update(f"{name}\t{fold}\n".encode())
        return digest.hexdigest()

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping, with the hash."""
        return {
            "kind": self.kind.value,
            "fold_count": self.fold_count,
            "seed": self.seed,
            "ids": self.ids.tolist(),
            "fold": self.fold.tolist(),
            "sha256": self.sha256,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote.

        Raises
        ------
        ValueError
            If something is missing, or the hash does not belong to the rest.
        """
        try:
            found = cls(
                kind=SplitKind(record["kind"]),
                fold=np.array(record["fold"], dtype=np.intp),
                fold_count=int(record["fold_count"]),
                seed=int(record["seed"]),
                ids=np.array(record["ids"], dtype=np.str_),
            )
            told = record["sha256"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"a stored split lacks or misspells {error}") from None
        if found.sha256 != told:
            raise ValueError(
                "a stored split was changed: its hash does not belong to it"
            )
        return found
