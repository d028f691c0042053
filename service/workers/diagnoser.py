"""The process that judges what was accepted."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from instruments.clock import Clock
from service.config import ServiceConfig
from service.live_config import LiveConfig
from service.operations.judge_tasks import Diagnoser
from service.operations.judging import load_judge
from service.operations.model_adoption import read_configured
from service.operations.panel import JudgeLoader, RegisteredPanel
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.watching import CommitWatch
from service.workers.looping import work_until

POLL_S = 0.02
"""Pause between two looks at an empty outbox, in seconds."""

_log = structlog.get_logger(__name__)


def run_diagnoser(
    config: ServiceConfig,
    clock: Clock,
    stop: threading.Event,
    load: JudgeLoader = load_judge,
    live: LiveConfig | None = None,
) -> None:
    """Judge until told to stop.

    Parameters
    ----------
    live
        Settings that may change meanwhile.

    Raises
    ------
    ModelUnavailableError
        If the model cannot be used.
    """
    if config.model is not None:
        read_configured(config.model)
    database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
    diagnoser = Diagnoser(
        database=database,
        clock=clock,
        panel=RegisteredPanel(
            database,
            clock,
            home=config.home,
            configured=config.model,
            load=load,
        ),
        owner=worker_name("diagnose", clock),
        lease=timedelta(seconds=config.lease_s),
        channels=config.channels,
    )
    watch = CommitWatch(database)
    waiting: dict[str, Any] = {"idle_s": POLL_S, "watch": watch}
    _log.info("diagnosing")
    try:
        work_until(stop, follow(diagnoser, live or LiveConfig(config)), **waiting)
    finally:
        watch.close()
        database.close()


def follow(diagnoser: Diagnoser, live: LiveConfig) -> Callable[[], bool]:
    """Return the step of a diagnoser that takes new settings up between two steps."""

    def step() -> bool:
        nonlocal diagnoser
        current = live.current
        lease = timedelta(seconds=current.lease_s)
        if (diagnoser.channels, diagnoser.lease) != (current.channels, lease):
            diagnoser = replace(diagnoser, channels=current.channels, lease=lease)
        return diagnoser.run_once() > 0

    return step


def worker_name(kind: str, clock: Clock) -> str:
    """Return a name that no other worker has, for leases."""
    return f"{kind}-{os.getpid()}-{TimeOrderedIds(clock).next()}"
