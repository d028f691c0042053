"""Applies retention: samples and records by month, trends and readings by age."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from service.config import ServiceConfig
from service.storage.engine import Database, Transaction
from service.storage.forgetting import (
    forget,
    forget_readings,
    mark_forgotten,
    months_to_forget,
)
from service.storage.payloads import ensure_partitions
from service.storage.retention import (
    collect_packs,
    expire,
    mark_expired,
    mark_thinned,
    months_to_expire,
    months_to_thin,
)
from service.storage.sound_samples import count_damaged, look_again
from service.storage.thinning import thin
from service.storage.trend_retention import prune_trends

BATCH = 64
"""Most sweeps between two commits: writers wait no longer than one batch takes."""

MEND_DAMAGED = "halowatch db check names them and the backup that holds them"
"""What is to be done about damaged samples."""

_log = structlog.get_logger(__name__)

_Step = Callable[[Transaction, str, str, int], tuple[str, int]]
_Mark = Callable[[Transaction, str, datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    """What one pass did.

    Attributes
    ----------
    thinned_months, expired_months
        Months that are through.
    thinned_bytes
        Bytes that quantisation saved; they are free after the next pass.
    expired_sweep_count
        Sweeps whose samples were dropped.
    freed_bytes
        Bytes of the files that were unlinked.
    trend_row_count
        Trend points and roll-ups that were dropped.
    forgotten_months
        Months whose uneventful sweeps were deleted.
    forgotten_sweep_count
        Sweeps of which no record is left.
    reading_count
        Readings that were dropped.
    damaged_sweep_count
        Sweeps whose samples cannot be read, found by this pass and the ones before;
        their samples stay where they lie.
    """

    thinned_months: tuple[str, ...]
    thinned_bytes: int
    expired_months: tuple[str, ...]
    expired_sweep_count: int
    freed_bytes: int
    trend_row_count: int
    forgotten_months: tuple[str, ...]
    forgotten_sweep_count: int
    reading_count: int
    damaged_sweep_count: int

    def to_record(self) -> dict[str, Any]:
        """Write the report as one mapping."""
        return asdict(self)


def retain(
    database: Database,
    config: ServiceConfig,
    now: datetime,
    is_stopped: Callable[[], bool] = lambda: False,
) -> RetentionReport:
    """Make one pass; what is interrupted goes on with the next one.

    Parameters
    ----------
    is_stopped
        Asked between two commits.

    Raises
    ------
    StorageUnavailableError
        If the database or the disk refuses.
    """
    with database.write() as transaction:
        ensure_partitions(transaction, now)
        freed_bytes = collect_packs(transaction)
        look_again(transaction)
        before = count_damaged(transaction)
    walk = _Walk(database, now, is_stopped)
    expired, expired_sweep_count = walk.through(
        months_to_expire, expire, mark_expired, config.sample_keep_s
    )
    thinned, thinned_bytes = walk.through(
        months_to_thin, thin, mark_thinned, config.original_keep_s
    )
    forgotten, forgotten_sweep_count = walk.through(
        months_to_forget, forget, mark_forgotten, config.record_keep_s
    )
    keep_s = {
        0: config.trend_keep_s,
        60: config.trend_minute_keep_s,
        3600: config.trend_hour_keep_s,
    }
    trend_row_count = prune_trends(database, keep_s, now, is_stopped)
    if expired:
        with database.write() as transaction:
            freed_bytes += collect_packs(transaction)
    with database.read() as transaction:
        damaged_sweep_count = count_damaged(transaction)
    if damaged_sweep_count > before:
        _log.error("samples_damaged", count=damaged_sweep_count, mend=MEND_DAMAGED)
    return RetentionReport(
        thinned_months=tuple(thinned),
        thinned_bytes=thinned_bytes,
        expired_months=tuple(expired),
        expired_sweep_count=expired_sweep_count,
        freed_bytes=freed_bytes,
        trend_row_count=trend_row_count,
        forgotten_months=tuple(forgotten),
        forgotten_sweep_count=forgotten_sweep_count,
        reading_count=walk.drop_readings(config.reading_keep_s),
        damaged_sweep_count=damaged_sweep_count,
    )


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through whole months, a batch a transaction."""

    database: Database
    now: datetime
    is_stopped: Callable[[], bool]

    def through(
        self,
        due: Callable[[Transaction, datetime], list[str]],
        step: _Step,
        mark: _Mark,
        keep_s: float | None,
    ) -> tuple[list[str], int]:
        if keep_s is None:
            return [], 0
        with self.database.read() as transaction:
            months = due(transaction, self.now - timedelta(seconds=keep_s))
        done: list[str] = []
        total = 0
        for month in months:
            count, is_through = self._month(month, step, mark)
            total += count
            if not is_through:
                break
            done.append(month)
            _log.info("retained", what=step.__name__, month=month, count=count)
        return done, total

    def drop_readings(self, keep_s: float | None) -> int:
        """Drop old readings, a day a transaction."""
        total = 0
        while keep_s is not None and not self.is_stopped():
            with self.database.write() as transaction:
                before = self.now - timedelta(seconds=keep_s)
                count = forget_readings(transaction, before)
            if count is None:
                break
            total += count
        return total

    def _month(self, month: str, step: _Step, mark: _Mark) -> tuple[int, bool]:
        after, total = "", 0
        while not self.is_stopped():
            with self.database.write() as transaction:
                after, count = step(transaction, month, after, BATCH)
                total += count
                if not after:
                    mark(transaction, month, self.now)
                    return total, True
        return total, False
