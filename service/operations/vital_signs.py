"""Numbers that tell whether the service keeps up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from instruments.measurement import SweepPurpose
from service.alerts.spools import HeardPoller
from service.operations.presenting import ACTIVE_STATES
from service.storage.alerts import list_alerts
from service.storage.cavities import list_cavities
from service.storage.engine import Database
from service.storage.pollers import list_pollers
from service.storage.records import TaskKind
from service.storage.sound_samples import count_damaged
from service.storage.sweep_queries import newest_sweep
from service.storage.tasks import Backlog, list_backlog

SEVERITIES = ("critical", "major", "minor")
"""Severities of an alert, worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalSigns:
    """Backlogs, newest sweeps, active alerts, pollers and damage at one time."""

    backlog: Sequence[Backlog]
    newest_wide: Mapping[str, datetime]
    active_alerts: Mapping[str, int]
    pollers: Sequence[HeardPoller]
    damaged_sweep_count: int


def read_vital_signs(database: Database) -> VitalSigns:
    """Read the numbers in one transaction."""
    with database.read() as transaction:
        newest = {
            cavity.cavity: sweep.measured_at
            for cavity in list_cavities(transaction)
            if (sweep := newest_sweep(transaction, cavity.cavity, SweepPurpose.WIDE))
        }
        counts = Counter(
            alert.severity for alert in list_alerts(transaction, ACTIVE_STATES, 1000)
        )
        return VitalSigns(
            backlog=list_backlog(transaction, tuple(TaskKind)),
            newest_wide=newest,
            active_alerts={severity: counts[severity] for severity in SEVERITIES},
            pollers=list_pollers(transaction),
            damaged_sweep_count=count_damaged(transaction),
        )
