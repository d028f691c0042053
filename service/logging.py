"""Logs as one JSON object a line on stderr, configured once a process."""

import logging
import sys
import threading
from collections.abc import Callable

import structlog

from instruments.clock import SystemClock

REPEATS = 30
WINDOW_S = 60.0
"""Most records of one event within so many seconds; the others are counted only."""

_MOST_EVENTS = 1024

# Without the values of variables: a key may stand among them.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


class RepeatGuard(logging.Filter):
    """Lets one event through so often, so that an outage cannot fill a disk.

    The next record that is let through says how many were not, as ``suppressed``.

    Parameters
    ----------
    monotonic_s
        Gives the time in seconds.
    """

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], list[float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is written."""
        event = record.msg.get("event") if isinstance(record.msg, dict) else record.msg
        key = record.name, record.levelno, str(event)[:200]
        now_s = self._monotonic_s()
        with self._lock:
            if len(self._seen) >= _MOST_EVENTS and key not in self._seen:
                self._seen.clear()
            since_s, count, suppressed = self._seen.get(key, [now_s, 0.0, 0.0])
            if now_s - since_s >= WINDOW_S:
                since_s, count = now_s, 0.0
            is_written = count < REPEATS
            left = 0.0 if is_written else suppressed + 1
            self._seen[key] = [since_s, count + 1, left]
        if is_written and suppressed:
            self._tell(record, int(suppressed))
        return is_written

    @staticmethod
    def _tell(record: logging.LogRecord, suppressed: int) -> None:
        if isinstance(record.msg, dict):
            record.msg = {**record.msg, "suppressed": suppressed}
        else:
            record.msg = f"{record.getMessage()} ({suppressed} more were not written)"
            record.args = ()


def configure_logging(level: str, *, process: str) -> None:
    """Send structlog and the standard library's records to stderr as JSON.

    Parameters
    ----------
    level
        Lowest level that is written, such as ``"INFO"``.
    process
        Name of this process, bound to every record.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _TRACEBACKS,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.addFilter(RepeatGuard(SystemClock().monotonic_s))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")
    structlog.contextvars.bind_contextvars(process=process)
