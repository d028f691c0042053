"""Counters of one process, read by Prometheus at ``/metrics``."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)

from service.poller_metrics import PollerMetrics

_LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class ServiceMetrics:
    """The series of the API's process, in a registry of their own.

    Attributes
    ----------
    sweeps
        Sweeps that were posted, by outcome (accepted, duplicate, rejected).
    refused
        Bodies that were refused before a sweep was looked at, by code.
    commit_s
        Time of one group commit.
    group_size
        Writes that one commit carried.
    queue_bytes
        Bytes that wait for a commit.
    body_bytes
        Bytes of bodies that are being received or judged.
    requests
        Answers by route and status.
    pollers
        What the pollers told last.
    settings_good
        1 where the settings file was good when it was read last.
    disk_free_bytes, database_up
        Room in the home folder, and whether the database answered, at the scrape.
    logins
        Attempts to log in, by outcome.
    tasks_waiting, oldest_task_age_s, sweep_age_s, alerts_active, damaged_sweeps
        State of the database at the time of the scrape.
    """

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.sweeps = Counter(
            "halowatch_sweeps", "Posted sweeps.", ["outcome"], registry=registry
        )
        self.refused = Counter(
            "halowatch_refused", "Refused requests.", ["code"], registry=registry
        )
        self.commit_s = Histogram(
            "halowatch_commit_seconds",
            "Time of one group commit.",
            buckets=_LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.group_size = Histogram(
            "halowatch_commit_group_size",
            "Writes carried by one commit.",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200),
            registry=registry,
        )
        self.queue_bytes = Gauge(
            "halowatch_queue_bytes", "Bytes that wait for a commit.", registry=registry
        )
        self.body_bytes = Gauge(
            "halowatch_body_bytes", "Bytes of bodies in hand.", registry=registry
        )
        self.requests = Counter(
            "halowatch_requests", "Answers.", ["route", "status"], registry=registry
        )
        self.tasks_waiting = Gauge(
            "halowatch_tasks_waiting", "Outbox tasks.", ["kind"], registry=registry
        )
        self.oldest_task_age_s = Gauge(
            "halowatch_oldest_task_age_seconds",
            "Age of the oldest outbox task.",
            ["kind"],
            registry=registry,
        )
        self.sweep_age_s = Gauge(
            "halowatch_sweep_age_seconds",
            "Age of the newest wide sweep.",
            ["cavity"],
            registry=registry,
        )
        self.damaged_sweeps = Gauge(
            "halowatch_damaged_sweeps",
            "Sweeps whose stored samples retention found damaged.",
            registry=registry,
        )
        self.settings_good = Gauge(
            "halowatch_settings_good",
            "Whether the settings file was good when it was read last.",
            registry=registry,
        )
        self.disk_free_bytes = Gauge(
            "halowatch_disk_free_bytes",
            "Room on the disk of HALOWATCH_HOME.",
            registry=registry,
        )
        self.database_up = Gauge(
            "halowatch_database_up",
            "Whether the database answered this scrape.",
            registry=registry,
        )
        self.logins = Counter(
            "halowatch_logins", "Attempts to log in.", ["outcome"], registry=registry
        )
        ProcessCollector(registry=registry)
        self.pollers = PollerMetrics(registry)
        self.alerts_active = Gauge(
            "halowatch_alerts_active", "Active alerts.", ["severity"], registry=registry
        )
