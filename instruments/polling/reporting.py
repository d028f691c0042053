"""Tells the service, and whoever asks at the control port, how the poller fares."""

import logging
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from instruments.array import ArrayConfig
from instruments.client import ServiceError, Spool, SweepClient, Uploader
from instruments.clock import Clock
from instruments.measurement.poller_status import (
    CavityMode,
    CavityStatus,
    InstrumentStatus,
    PollerStatus,
    SpoolStatus,
    SweepCounts,
)
from instruments.measurement.poller_status_message import poller_status_to_json
from instruments.measurement.times import format_time
from instruments.polling.health import InstrumentHealth
from instruments.polling.poller import Poller
from instruments.polling.sweeping.attempts import AttemptOutcome

_log = logging.getLogger(__name__)

PERIOD_S = 5.0
"""How often the service is told, in s."""


class PollerReport:
    """Describes a poller; usable by several threads.

    Parameters
    ----------
    config
        The array; its name is the poller's.
    poller, spool, uploader
        What is described.
    clock
        The time.
    """

    def __init__(
        self,
        config: ArrayConfig,
        *,
        poller: Poller,
        spool: Spool,
        uploader: Uploader,
        clock: Clock,
    ) -> None:
        self._config = config
        self._poller = poller
        self._spool = spool
        self._uploader = uploader
        self._clock = clock
        self._started_at = clock.now()
        self._confirmed_before_count = spool.state().confirmed_total

    def status(self) -> PollerStatus:
        """Return how it fares, as the service is told."""
        now = self._clock.now()
        health = self._poller.health()
        return PollerStatus(
            poller=self._config.array.name,
            reported_at=now,
            started_at=self._started_at,
            period_s=PERIOD_S,
            spool=self._describe_spool(),
            sweeps=self._count_sweeps(health),
            instruments=tuple(self._describe_instrument(one) for one in health),
            cavities=tuple(self._describe_cavities(now)),
        )

    def document(self) -> dict[str, Any]:
        """Return the status with what only this machine needs to know."""
        instruments: dict[str, dict[str, Any]] = {
            one.name: {
                "identity": one.identity,
                "last_measured_at": _text(one.last_measured_at),
                "last_flags": [flag.value for flag in one.last_flags],
                "worst_lateness_s": round(one.worst_lateness_s, 6),
                "flagged_count": one.flagged_count,
                "interrupted_count": one.interrupted_count,
                "lost_count": one.lost_count,
                "skipped_count": one.skipped_count,
                "abandoned_count": one.abandoned_count,
            }
            for one in self._poller.health()
        }
        document = poller_status_to_json(self.status())
        for entry in document["instruments"]:
            entry.update(instruments.get(entry["name"], {}))
        silences = [
            {"holder": holder, "cavity": cavity, "ends_in_s": round(left_s, 3)}
            for (holder, cavity), left_s in self._poller.silence.leases_s().items()
        ]
        switches = [one.to_json() for one in self._poller.switches()]
        return document | {"silences": silences, "switches": switches}

    def _describe_spool(self) -> SpoolStatus:
        state = self._spool.state()
        return replace(state, last_error=state.last_error or self._uploader.last_error)

    def _count_sweeps(self, health: list[InstrumentHealth]) -> SweepCounts:
        vnas = [one for one in health if one.kind == "vna"]
        failed: Counter[str] = Counter()
        for one in vnas:
            failed.update(self._poller.attempts.failures_of(one.name))
        confirmed_total = self._spool.state().confirmed_total
        return SweepCounts(
            measured=sum(one.measured_count for one in vnas),
            stored=max(confirmed_total - self._confirmed_before_count, 0),
            flagged=sum(one.flagged_count for one in vnas),
            lost=self._poller.attempts.count(AttemptOutcome.REFUSED),
            skipped=sum(one.skipped_count for one in vnas),
            failed=dict(failed.most_common(64)),
        )

    def _describe_instrument(self, health: InstrumentHealth) -> InstrumentStatus:
        failed = self._poller.attempts.failures_of(health.name)
        return InstrumentStatus(
            name=health.name,
            kind=health.kind,
            state=health.state.value,
            since=health.since,
            consecutive_failures=health.consecutive_failure_count,
            last_error=health.last_error,
            lateness_s=health.lateness_s if health.kind == "vna" else None,
            measured_count=health.measured_count,
            failed_count=sum(failed.values()) or health.failure_count,
        )

    def _describe_cavities(self, now: datetime) -> list[CavityStatus]:
        longest: dict[str, tuple[float, str]] = {}
        for (holder, cavity), left_s in self._poller.silence.leases_s().items():
            longest[cavity] = max(longest.get(cavity, (0.0, "")), (left_s, holder))
        paused = self._poller.desk.paused()
        return [
            _describe_cavity(name, longest.get(name), now, is_paused=name in paused)
            for name, section in self._config.cavities.items()
            if section.enabled
        ]


def _describe_cavity(
    name: str, lease: tuple[float, str] | None, now: datetime, *, is_paused: bool
) -> CavityStatus:
    if lease is None:
        mode = CavityMode.PAUSED if is_paused else CavityMode.POLLED
        return CavityStatus(cavity=name, mode=mode)
    left_s, holder = lease
    return CavityStatus(
        cavity=name,
        mode=CavityMode.INHIBITED,
        until=now + timedelta(seconds=left_s),
        reason=f"{holder} asked for RF silence",
    )


class StatusReporter:
    """The thread that tells the service how the poller fares, every few seconds."""

    def __init__(self, report: PollerReport, client: SweepClient) -> None:
        self._report = report
        self._client = client
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)
        self.last_error: str | None = None

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def stop(self, deadline_s: float) -> None:
        """Report a last time and end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(deadline_s)

    def _run(self) -> None:
        while True:
            is_last = self._stopping.is_set()
            self._tell()
            if is_last:
                return
            self._stopping.wait(PERIOD_S)

    def _tell(self) -> None:
        try:
            self._client.put_poller_status(self._report.status())
        except ServiceError as error:
            # The next report says more than this one; nothing is kept back.
            if self.last_error is None:
                _log.info("the service is not told how the poller fares: %s", error)
            self.last_error = str(error)
        else:
            self.last_error = None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
