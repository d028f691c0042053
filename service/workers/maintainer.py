"""The process that thins and drops what is old."""

import threading

import structlog

from instruments.clock import Clock
from service.config import ServiceConfig
from service.live_config import LiveConfig
from service.operations.retaining import retain
from service.storage.engine import Database
from service.workers.looping import work_until

_log = structlog.get_logger(__name__)


def run_maintainer(
    config: ServiceConfig,
    clock: Clock,
    stop: threading.Event,
    live: LiveConfig | None = None,
) -> None:
    """Make a pass now and every so often, until told to stop.

    Parameters
    ----------
    live
        Settings that may change meanwhile.
    """
    settings = live or LiveConfig(config)
    database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)

    def make_pass() -> bool:
        report = retain(database, settings.current, clock.now(), stop.is_set)
        _log.info("maintained", **report.to_record())
        return False

    _log.info("maintaining")
    try:
        work_until(stop, make_pass, idle_s=config.maintenance_s)
    finally:
        database.close()
