"""What the pollers told last, as gauges."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge

from instruments.measurement.poller_status import PollerStatus

_GAUGES = {
    "poller_age_seconds": ("Seconds since a poller reported.", ()),
    "spool_depth": ("Sweeps that wait in a spool.", ()),
    "spool_bytes": ("Bytes that wait in a spool.", ()),
    "spool_limit_bytes": ("Bytes that may wait in a spool.", ()),
    "spool_oldest_age_seconds": ("Age of the oldest sweep in a spool.", ()),
    "spool_refusing": ("Whether a spool refuses the newest sweeps.", ()),
    "spool_refused": ("Sweeps that a full spool refused.", ()),
    "spool_dead_letters": ("Sweeps that the service will never take.", ()),
    "poller_sweeps": ("Sweeps since the poller started.", ("outcome",)),
    "poller_failed_attempts": ("Attempts without a sweep.", ("reason",)),
    "instrument_state": (
        "1 for what an instrument's thread does.",
        ("instrument", "kind", "state"),
    ),
    "instrument_consecutive_failures": (
        "Failures since the last good sweep.",
        ("instrument",),
    ),
    "instrument_failures": ("Attempts that gave no sweep.", ("instrument",)),
    "instrument_lateness_seconds": (
        "How late the last sweep began.",
        ("instrument",),
    ),
    "cavity_mode": ("1 for whether a cavity is measured.", ("cavity", "mode")),
}


class PollerMetrics:
    """The gauges of all pollers; each is written anew at a scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauges = {
            name: Gauge(
                f"halowatch_{name}", help_text, ["poller", *labels], registry=registry
            )
            for name, (help_text, labels) in _GAUGES.items()
        }

    def show(self, heard: Iterable[tuple[PollerStatus, float]]) -> None:
        """Write what was heard last; what is not told any more disappears.

        Parameters
        ----------
        heard
            Each poller's status and its age in seconds.
        """
        for gauge in self._gauges.values():
            gauge.clear()
        for status, age_s in heard:
            self._set("poller_age_seconds", age_s, status.poller)
            self._show_spool(status)
            self._show_work(status)

    def _set(self, name: str, value: float, *labels: str) -> None:
        self._gauges[name].labels(*labels).set(value)

    def _show_spool(self, status: PollerStatus) -> None:
        name, spool = status.poller, status.spool
        self._set("spool_depth", spool.depth, name)
        self._set("spool_bytes", spool.depth_bytes, name)
        self._set("spool_limit_bytes", spool.max_bytes, name)
        self._set("spool_oldest_age_seconds", spool.oldest_age_s or 0.0, name)
        self._set("spool_refusing", float(spool.is_refusing), name)
        self._set("spool_refused", spool.refused_total, name)
        self._set("spool_dead_letters", spool.dead_letter_count, name)

    def _show_work(self, status: PollerStatus) -> None:
        name, sweeps = status.poller, status.sweeps
        for outcome in ("measured", "stored", "flagged", "lost", "skipped"):
            self._set("poller_sweeps", getattr(sweeps, outcome), name, outcome)
        for reason, count in sweeps.failed.items():
            self._set("poller_failed_attempts", count, name, reason)
        for one in status.instruments:
            self._set("instrument_state", 1.0, name, one.name, one.kind, one.state)
            for gauge, value in (
                ("instrument_consecutive_failures", one.consecutive_failures),
                ("instrument_failures", one.failed_count),
                ("instrument_lateness_seconds", one.lateness_s or 0.0),
            ):
                self._set(gauge, value, name, one.name)
        for cavity in status.cavities:
            self._set("cavity_mode", 1.0, name, cavity.cavity, cavity.mode.value)
