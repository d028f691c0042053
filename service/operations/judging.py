"""Judges sweeps against their reference."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from instruments.measurement import Sweep
from models.diagnosis import Diagnosis
from models.errors import ModelError
from service.errors import ModelUnavailableError
from service.storage.engine import Transaction
from service.storage.records import SweepRecord
from service.storage.reference_search import find_reference
from service.storage.sweep_queries import load_sweep

Asked: TypeAlias = tuple[Sweep, Sweep | None, str | None]
"""A sweep, its reference and the reference's id."""


class Judge(Protocol):
    """What turns a sweep into a diagnosis."""

    @property
    def model_version(self) -> str:
        """Version that is stored with every diagnosis."""
        ...

    def diagnose(
        self, sweep: Sweep, reference: Sweep | None, reference_id: str | None
    ) -> Diagnosis:
        """Judge one sweep, against its reference where there is one."""
        ...


@runtime_checkable
class BatchJudge(Protocol):
    """A judge that takes several sweeps together, faster than one by one."""

    def diagnose_many(self, asked: Sequence[Asked]) -> list[Diagnosis]:
        """Judge each sweep as :meth:`Judge.diagnose` would."""
        ...


def judge_all(judge: Judge, asked: Sequence[Asked]) -> list[Diagnosis | Exception]:
    """Judge sweeps; where one breaks the judge, its place holds what was raised."""
    if isinstance(judge, BatchJudge) and len(asked) > 1:
        # One bad sweep must not stop the rest: they are judged one by one then.
        with contextlib.suppress(Exception):
            return list(judge.diagnose_many(asked))
    found: list[Diagnosis | Exception] = []
    for one in asked:
        try:
            found.append(judge.diagnose(*one))
        except Exception as error:  # noqa: BLE001 - told in its place
            found.append(error)
    return found


def load_judge(model: Path | None) -> Judge:
    """Load the model, or the judge that has none and says so.

    Raises
    ------
    ModelUnavailableError
        If the folder is no usable model; the sentence names it.
    """
    import torch
    from threadpoolctl import threadpool_limits

    from models.serving.predictor import Predictor

    # What a sweep needs is small: of two threads, one waits for the other.
    torch.set_num_threads(1)
    threadpool_limits(1)
    if model is None:
        return Predictor.without_model()
    try:
        return Predictor.load(model)
    except (OSError, ValueError, ModelError) as error:
        raise ModelUnavailableError(
            f"the model in {model} cannot be used: {error}", retry_after_s=60
        ) from error


class ReferenceShelf:
    """Finds the reference of a sweep and keeps the last few decoded.

    Parameters
    ----------
    limit
        Most decoded references in memory.
    """

    def __init__(self, limit: int = 32) -> None:
        self._limit = limit
        self._decoded: dict[str, Sweep] = {}

    def find(
        self, transaction: Transaction, sweep: SweepRecord
    ) -> tuple[str | None, Sweep | None]:
        """Return id and samples of the reference, or None twice."""
        record = find_reference(transaction, sweep)
        if record is None:
            return None, None
        return record.sweep_id, self.decoded(transaction, record)

    def decoded(self, transaction: Transaction, record: SweepRecord) -> Sweep:
        """Return the samples of a reference, the same object while it is kept."""
        found = self._decoded.pop(record.sweep_id, None)
        if found is None:
            found = load_sweep(transaction, record)
        self._decoded[record.sweep_id] = found
        while len(self._decoded) > self._limit:
            del self._decoded[next(iter(self._decoded))]
        return found
