"""Reads sweeps with their references, as many as may be held at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from instruments.measurement import Sweep
from service.operations.judging import Asked, ReferenceShelf
from service.storage.engine import Transaction
from service.storage.records import SweepRecord
from service.storage.reference_search import find_references
from service.storage.sweep_queries import load_sweeps

MOST_SAMPLES = 1 << 21
"""Samples that are held at once, of one sweep more at most: 16 MB as they lie."""


@dataclass(frozen=True, slots=True)
class LoadedSweep:
    """A sweep with what is needed to judge it."""

    sweep: SweepRecord
    samples: Sweep
    reference_id: str | None
    reference: Sweep | None

    @property
    def asked(self) -> Asked:
        """What a judge is asked."""
        return self.samples, self.reference, self.reference_id


def load_together(
    transaction: Transaction, shelf: ReferenceShelf, records: Sequence[SweepRecord]
) -> list[LoadedSweep]:
    """Read the first of some sweeps, no more than may be held, one at least.

    Raises
    ------
    SamplesExpiredError
        If retention has dropped samples of one.
    """
    count = held = 0
    for record in records:
        count += 1
        held += record.point_count * len(record.s_parameters)
        if held >= MOST_SAMPLES:
            break
    chosen = records[:count]
    samples = load_sweeps(transaction, chosen)
    references = find_references(transaction, chosen)
    return [
        LoadedSweep(
            record,
            sweep,
            None if reference is None else reference.sweep_id,
            None if reference is None else shelf.decoded(transaction, reference),
        )
        for record, sweep, reference in zip(chosen, samples, references, strict=True)
    ]
