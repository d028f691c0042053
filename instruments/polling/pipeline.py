"""From the instruments to the service: poller, spool and uploader as one."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instruments.array import ArrayConfig
from instruments.client import Spool, SpoolError, SweepClient, Uploader
from instruments.clock import Clock
from instruments.measurement import SweepPurpose
from instruments.polling.control.calls import ControlCalls
from instruments.polling.control.port import ControlPort, ControlPortError
from instruments.polling.health import InstrumentHealth
from instruments.polling.poller import Poller
from instruments.polling.reading_poster import ReadingPoster
from instruments.polling.reporting import PollerReport, StatusReporter
from instruments.polling.service_link import ServiceLink
from instruments.polling.sweeping.attempts import AttemptLog
from instruments.polling.tracking import ModePosition, ResonanceTracker
from instruments.switches import Router, open_router

_FOLLOW_LIMITS_S = (1.0, 30.0)
_FRESH_FIT_PERIODS = 20.0
_LEAST_FIT_AGE_S = 60.0
_RELEASE_S = 10.0
_LAST_READINGS_S = 2.0
_MAX_ATTEMPTS_BYTES = 32 * 1024 * 1024

ATTEMPTS_FILE = "attempts.jsonl"
"""File of the attempts, beside the spool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingSummary:
    """A run in numbers.

    Attributes
    ----------
    measured_count
        Good sweeps that the instruments gave.
    spooled_count, confirmed_count, rejected_count
        What became of them; sweeps of an earlier run that waited in the spool count
        among the confirmed.
    lost_count
        Sweeps that a full spool refused.
    depth
        Sweeps that still wait.
    posted_reading_count, dropped_reading_count
        Readings of the sensors.
    failures
        Instrument to the number of its sessions that ended by an error.
    """

    measured_count: int
    spooled_count: int
    confirmed_count: int
    rejected_count: int
    lost_count: int
    depth: int
    posted_reading_count: int
    dropped_reading_count: int
    failures: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        return {
            "sweeps_measured": self.measured_count,
            "sweeps_spooled": self.spooled_count,
            "sweeps_confirmed": self.confirmed_count,
            "sweeps_rejected": self.rejected_count,
            "sweeps_lost": self.lost_count,
            "spool_depth": self.depth,
            "readings_posted": self.posted_reading_count,
            "readings_dropped": self.dropped_reading_count,
            "failures": dict(self.failures),
        }


class PollingPipeline:
    """Measures an array and carries everything to the service.

    Parameters
    ----------
    config
        The array.
    url
        Root of the service.
    clock
        The time.
    spool_directory
        Where sweeps wait; the array file's own where None.
    key
        API key, where the service requires one.
    take_reference
        Whether the first good wide sweep of each cavity is its reference.

    Raises
    ------
    SpoolError
        If the spool cannot be used.
    ControlPortError
        If the control port is taken.
    """

    def __init__(
        self,
        config: ArrayConfig,
        url: str,
        *,
        clock: Clock,
        key: str | None = None,
        spool_directory: Path | None = None,
        take_reference: bool = False,
    ) -> None:
        self._spool = Spool(
            spool_directory or Path(config.spool.directory),
            max_bytes=config.spool.max_bytes,
            clock=clock,
        )
        self._before = self._spool.state()
        directory = self._spool.path.parent
        self._attempts = _open_attempts(directory, clock)
        self._client = SweepClient(url, key=key)
        self._readings = ReadingPoster(self._client)
        tracker = _tracker(config, clock)
        self._poller = Poller(
            config,
            clock=clock,
            tracker=tracker,
            keep_sweep=self._spool.put,
            keep_reading=self._readings.add,
            take_reference=take_reference,
            attempts=self._attempts,
            router=_router(config, clock, directory),
        )
        self._clock = clock
        self._is_registered = threading.Event()
        self._link = ServiceLink(
            config,
            self._client,
            tracker,
            on_registered=self._begin_posting,
            follow_period_s=_follow_period_s(config),
        )
        self._uploader = Uploader(
            self._spool,
            self._client,
            clock=clock,
            on_unregistered=self._register_again,
        )
        self._report = PollerReport(
            config,
            poller=self._poller,
            spool=self._spool,
            uploader=self._uploader,
            clock=clock,
        )
        self._reporter = StatusReporter(self._report, self._client)
        self.control_port = self._open_control_port(config)

    def start(self) -> None:
        """Begin to measure; posting begins once the cavities are registered."""
        self._link.start()
        self._readings.start()
        self._poller.start()
        self._reporter.start()
        if self.control_port is not None:
            self.control_port.start()

    def stop(self, drain_s: float) -> PollingSummary:
        """Give the instruments back, drain the spool for ``drain_s`` s, and end."""
        if self.control_port is not None:
            self.control_port.stop()
        self._poller.stop(_RELEASE_S)
        self._readings.stop(_LAST_READINGS_S)
        self._drain(drain_s)
        self._link.stop(_LAST_READINGS_S)
        self._reporter.stop(_LAST_READINGS_S)
        summary = self.summary()
        self._attempts.close()
        self._spool.close()
        self._client.close()
        return summary

    def health(self) -> list[InstrumentHealth]:
        """Return the health of every instrument."""
        return self._poller.health()

    def summary(self) -> PollingSummary:
        """Count what has happened since the start."""
        spool, health = self._spool.state(), self._poller.health()
        vnas = [one for one in health if one.kind == "vna"]
        return PollingSummary(
            measured_count=sum(one.measured_count for one in vnas),
            spooled_count=spool.enqueued_total - self._before.enqueued_total,
            confirmed_count=spool.confirmed_total - self._before.confirmed_total,
            rejected_count=spool.rejected_total - self._before.rejected_total,
            lost_count=sum(one.lost_count for one in vnas),
            depth=spool.depth,
            posted_reading_count=self._readings.posted_count,
            dropped_reading_count=self._readings.dropped_count,
            failures={one.name: one.failure_count for one in health},
        )

    def status_line(self) -> str:
        """Say in one line how everything fares."""
        summary, health = self.summary(), self.health()
        troubled = [f"{one.name} {one.trouble()}" for one in health if not one.is_well]
        service = self._link.last_error or self._uploader.last_error
        parts = [
            f"{summary.measured_count} sweeps measured",
            f"{summary.confirmed_count} confirmed",
            f"{summary.rejected_count} rejected",
            f"{summary.depth} in the spool",
            *([f"{summary.lost_count} lost"] if summary.lost_count else []),
            f"{len(health) - len(troubled)} of {len(health)} instruments well",
            *troubled,
        ]
        if service is not None:
            parts.append(f"service: {service}")
        return "; ".join(parts)

    def _open_control_port(self, config: ArrayConfig) -> ControlPort | None:
        if config.control is None:
            return None
        calls = ControlCalls(self._poller.desk, self._report.document)
        try:
            return ControlPort(calls, port=config.control.port)
        except ControlPortError:
            self._attempts.close()
            self._spool.close()
            self._client.close()
            raise

    def _begin_posting(self) -> None:
        self._uploader.start()
        self._is_registered.set()

    def _register_again(self, cavities: Collection[str]) -> bool:
        del cavities  # The link registers the whole array, in its own thread.
        self._link.renew()
        return False

    def _drain(self, drain_s: float) -> None:
        until_s = self._clock.monotonic_s() + drain_s
        if self._spool.state().depth:
            # Posting begins with the registration, which may be due still.
            self._is_registered.wait(drain_s)
        self._uploader.stop(max(0.0, until_s - self._clock.monotonic_s()))


def _open_attempts(directory: Path, clock: Clock) -> AttemptLog:
    path = directory / ATTEMPTS_FILE
    try:
        return AttemptLog(path, max_bytes=_MAX_ATTEMPTS_BYTES, clock=clock)
    except OSError as error:
        raise SpoolError(
            f"{path} cannot be written ({error.strerror}); mend its directory"
        ) from None


def _router(config: ArrayConfig, clock: Clock, directory: Path) -> Router | None:
    if not config.routes:
        return None
    return open_router(config, clock=clock, directory=directory)


def _tracker(config: ArrayConfig, clock: Clock) -> ResonanceTracker:
    longest_s = max((one.period_s for one in config.schedule.values()), default=0.0)
    return ResonanceTracker(
        {
            name: ModePosition(
                resonant_frequency_hz=cavity.expected.resonant_frequency_hz,
                loaded_q=cavity.expected.loaded_q,
            )
            for name, cavity in config.cavities.items()
        },
        clock=clock,
        max_age_s=max(_FRESH_FIT_PERIODS * longest_s, _LEAST_FIT_AGE_S),
    )


def _follow_period_s(config: ArrayConfig) -> float:
    shortest, longest = _FOLLOW_LIMITS_S
    narrow_s = [
        section.period_s
        for name, section in config.schedule.items()
        if config.sweeps[name].purpose is not SweepPurpose.WIDE
    ]
    return min(max(min(narrow_s, default=longest), shortest), longest)
