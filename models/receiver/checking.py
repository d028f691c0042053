"""What a stored judge must be, before anything is made of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.coordinates.storing import check_form
from models.emulation.storing import check_emulator
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
    check_emulator(record, OWNER)
    heats = [each["softmax_temperature"] for each in record["sets"]]
    if not np.isfinite(np.array(heats, dtype=np.float64)).all():
        raise ModelFolderError(f"{OWNER}: a number is not finite")
    if min(heats, default=1.0) <= 0:
        raise ModelFolderError(f"{OWNER}: a number is not positive")
