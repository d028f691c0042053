"""Reads the sweeps of an export, a bounded page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from instruments.measurement import Sweep
from service.errors import SamplesExpiredError
from service.storage.diagnoses import get_diagnosis
from service.storage.engine import Database, Transaction
from service.storage.export_places import find_place
from service.storage.export_queries import ExportFilter, list_export_places
from service.storage.labels import LabelValue, labels_of
from service.storage.records import DiagnosisRecord, SweepRecord
from service.storage.sweep_queries import get_sweep, load_sweep

PAGE_COUNT = 256
"""Sweeps of one reading transaction."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExportedSweep:
    """A sweep with its samples and the diagnosis that counts, if there is one.

    Attributes
    ----------
    labels
        What people call it, name to value.
    """

    record: SweepRecord
    sweep: Sweep
    diagnosis: DiagnosisRecord | None
    labels: Mapping[str, LabelValue]

    @property
    def size_bytes(self) -> int:
        """Bytes of the samples and the axis."""
        traces = sum(trace.nbytes for trace in self.sweep.traces.values())
        return traces + self.sweep.frequency_hz.nbytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some sweeps of an export.

    Attributes
    ----------
    last_id
        Where the next page begins behind: a place, see ``find_place``.
    is_last
        Whether nothing is left behind it.
    """

    items: Sequence[ExportedSweep]
    last_id: str
    is_last: bool


def read_page(
    database: Database, wanted: ExportFilter, after: str, max_bytes: int
) -> Page:
    """Read the sweeps behind ``after``, at most so many bytes and at least one.

    Raises
    ------
    ConflictError, InvalidRequestError
        If ``after`` is no place of this database.
    StorageUnavailableError
        If the database cannot be read.
    """
    items: list[ExportedSweep] = []
    room = max_bytes
    with database.read() as transaction:
        begin = find_place(transaction, after)
        places = list_export_places(transaction, wanted, begin, PAGE_COUNT)
        labels = labels_of(transaction, [place.sweep_id for place in places])
        for place in places:
            sweep_id, after = place.sweep_id, str(place)
            item = _read(transaction, sweep_id, labels.get(sweep_id, {}))
            if item is not None:
                items.append(item)
                room -= item.size_bytes
            if room <= 0:
                break
    is_last = len(places) < PAGE_COUNT and (not places or after == str(places[-1]))
    return Page(items=items, last_id=after, is_last=is_last)


def _read(
    transaction: Transaction, sweep_id: str, labels: Mapping[str, LabelValue]
) -> ExportedSweep | None:
    record = get_sweep(transaction, sweep_id)
    if record is None:
        return None
    try:
        sweep = load_sweep(transaction, record)
    except SamplesExpiredError:
        # Retention dropped its samples; what was concluded is among the diagnoses.
        return None
    diagnosis = get_diagnosis(transaction, sweep_id)
    return ExportedSweep(record=record, sweep=sweep, diagnosis=diagnosis, labels=labels)
