"""The process that lets the clock act on the rules and sends alert messages."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog

from instruments.clock import Clock
from service.alerts.webhook import make_client
from service.config import ServiceConfig
from service.errors import UnavailableError
from service.live_config import LiveConfig
from service.operations.alerting import tick
from service.operations.delivering import Deliverer, RetryPolicy
from service.operations.drifting import redraw_limits
from service.operations.model_register import read_history
from service.storage.engine import Database
from service.storage.events import prune_events
from service.storage.watching import CommitWatch
from service.workers.diagnoser import worker_name
from service.workers.looping import work_until

POLL_S = 0.02
"""Pause between two looks at an empty outbox, in seconds."""

TICK_S = 0.25
"""Time between two evaluations by the clock, in seconds."""

DRAW_S = 60.0
"""Time between two looks whether the limits of the charts are due, in seconds."""

PRUNE_S = 300.0
"""Time between two clearings of old events, in seconds."""

SENDERS = 8
"""Most messages under way at once; a slow channel leaves the others their turn."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Alerter:
    """Sends what is due and evaluates the rules by the clock."""

    config: ServiceConfig
    live: LiveConfig
    make_deliverer: Callable[[ServiceConfig], Deliverer]
    clock: Clock
    database: Database
    deliverer: Deliverer
    watching_since: datetime
    pool: ThreadPoolExecutor
    under_way: set["Future[Any]"] = field(default_factory=set)
    next_tick_s: float = 0.0
    next_prune_s: float = 0.0
    next_draw_s: float = 0.0

    def run_once(self) -> bool:
        """Do what is due; tells whether messages were claimed.

        Raises
        ------
        UnavailableError
            If the database cannot be reached.
        """
        self._collect()
        self._follow()
        self._tick()
        free = SENDERS - len(self.under_way)
        if free <= 0:
            return False
        tasks = self.deliverer.claim(free)
        for task in tasks:
            self.under_way.add(self.pool.submit(self.deliverer.deliver, task))
        return bool(tasks)

    def _follow(self) -> None:
        if self.live.current is not self.config:
            self.config = self.live.current
            self.deliverer = self.make_deliverer(self.config)

    def _collect(self) -> None:
        for future in [future for future in self.under_way if future.done()]:
            self.under_way.discard(future)
            error = future.exception()
            if isinstance(error, UnavailableError):
                raise error
            if error is not None:
                # The task comes back when its lease ends.
                _log.error("delivery_crashed", exc_info=error)

    def _tick(self) -> None:
        now_s = self.clock.monotonic_s()
        if now_s >= self.next_tick_s:
            self.next_tick_s = now_s + TICK_S
            channels = self.config.channels
            tick(self.database, self.clock.now(), self.watching_since, channels)
        if now_s >= self.next_draw_s:
            self.next_draw_s = now_s + DRAW_S
            self._draw_limits()
        if now_s >= self.next_prune_s:
            self.next_prune_s = now_s + PRUNE_S
            keep = timedelta(seconds=self.config.event_keep_s)
            with self.database.write() as transaction:
                prune_events(transaction, self.clock.now() - keep)

    def _draw_limits(self) -> None:
        """Let a thread draw the limits of the charts: it takes a second or two."""
        now = self.clock.now()
        with self.database.read() as transaction:
            live = read_history(transaction).live()
        for version in {post.version for post in live.values()}:
            drawing = self.pool.submit(
                redraw_limits,
                self.database,
                version,
                now,
                asked_per_week=self.config.false_alarms_per_week,
            )
            self.under_way.add(drawing)


def run_alerter(
    config: ServiceConfig,
    clock: Clock,
    stop: threading.Event,
    live: LiveConfig | None = None,
) -> None:
    """Evaluate and send until told to stop.

    Parameters
    ----------
    live
        Settings that may change meanwhile.
    """
    database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
    owner = worker_name("alert", clock)
    with (
        ExitStack() as clients,
        ThreadPoolExecutor(SENDERS, thread_name_prefix="send") as pool,
    ):

        def make(config: ServiceConfig) -> Deliverer:
            client = make_client(config.delivery_timeout_s, config.webhook_networks)
            # Messages under way still use the one before.
            clients.enter_context(client)
            return _make_deliverer(config, database, clock, client, owner)

        alerter = Alerter(
            config=config,
            live=live or LiveConfig(config),
            make_deliverer=make,
            clock=clock,
            database=database,
            deliverer=make(config),
            watching_since=clock.now(),
            pool=pool,
        )
        _log.info("alerting", channels=[channel.name for channel in config.channels])
        watch = CommitWatch(database)
        work_until(stop, alerter.run_once, idle_s=POLL_S, watch=watch)
        watch.close()
    database.close()


def _make_deliverer(
    config: ServiceConfig,
    database: Database,
    clock: Clock,
    client: httpx.Client,
    owner: str,
) -> Deliverer:
    return Deliverer(
        database=database,
        clock=clock,
        client=client,
        owner=owner,
        lease=timedelta(seconds=max(config.lease_s, 4 * config.delivery_timeout_s)),
        channels={channel.name: channel for channel in config.channels},
        retry=RetryPolicy(
            backoff_s=config.delivery_backoff_s,
            cap_s=config.delivery_backoff_cap_s,
            keep_s=config.delivery_keep_s,
        ),
        public_url=config.public_url,
    )
