"""Where the pages get what they show: the payloads of the public API."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fastapi import Request

from instruments.clock import Clock
from instruments.measurement.times import format_time
from service.alerts.spools import FORGOTTEN_S
from service.alerts.transition import AlertState
from service.context import ServiceContext
from service.operations.auditing import audit_json
from service.operations.cavity_state import describe_cavities, describe_cavity
from service.operations.labelling import current_labels_json
from service.operations.model_register import read_history
from service.operations.overruled_gates import overruled_sentences
from service.operations.polling import poller_json
from service.operations.presenting import (
    ACTIVE_STATES,
    ALL_STATES,
    alert_json,
    diagnosis_json,
)
from service.storage.alerts import count_alerts, list_alerts
from service.storage.audit import list_actions
from service.storage.diagnoses import get_diagnosis
from service.storage.engine import Database
from service.storage.pollers import list_pollers

ALERT_LIMIT = 200
"""Most alerts of the history on a page."""

AUDIT_LIMIT = 100
"""Actions of the audit log on a page."""


class WallSource(Protocol):
    """What the dashboard may ask for."""

    def cavities(self) -> Mapping[str, Any]:
        """Answer what ``GET /cavities`` answers: ``server_time`` and ``cavities``."""
        ...

    def cavity(self, cavity: str) -> Mapping[str, Any] | None:
        """Answer what ``GET /cavities/{id}`` answers; None where none is known."""
        ...

    def alerts(self, state: str) -> Mapping[str, Any]:
        """Answer what ``GET /alerts`` answers for ``active`` or ``all``."""
        ...

    def unseen_count(self) -> int:
        """Count the alerts that cleared before anybody acknowledged them."""
        ...

    def overruled_gates(self) -> Sequence[str]:
        """Answer a sentence for every live model that failed a gate."""
        ...

    def pollers(self) -> Sequence[Mapping[str, Any]]:
        """Answer the entries of what ``GET /pollers`` answers."""
        ...

    def diagnosis(self, sweep: str) -> Mapping[str, Any] | None:
        """Answer the newest diagnosis of one sweep; None before it was judged."""
        ...

    def labels(
        self, sweeps: Sequence[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Answer the labels that count, by sweep, as ``GET /sweeps/{id}/labels``."""
        ...

    def audit(self, before: int | None) -> Mapping[str, Any]:
        """Answer a page of the audit log, and the number that the next begins at."""
        ...


class StoredWall:
    """What the database knows now.

    Parameters
    ----------
    database
        Read, never written.
    clock
        Gives the server's time, from which every age counts.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def cavities(self) -> Mapping[str, Any]:
        """Describe every cavity."""
        now = self._clock.now()
        found = describe_cavities(self._database, now)
        return {"server_time": format_time(now), "cavities": found}

    def cavity(self, cavity: str) -> Mapping[str, Any] | None:
        """Describe one cavity."""
        return describe_cavity(self._database, cavity, self._clock.now())

    def alerts(self, state: str) -> Mapping[str, Any]:
        """List alerts, newest first."""
        now = self._clock.now()
        states = ACTIVE_STATES if state == "active" else ALL_STATES
        with self._database.read() as transaction:
            found = list_alerts(transaction, states, ALERT_LIMIT)
        alerts = [alert_json(alert, now) for alert in found]
        return {"server_time": format_time(now), "alerts": alerts}

    def unseen_count(self) -> int:
        """Count the cleared alerts that nobody acknowledged."""
        with self._database.read() as transaction:
            return count_alerts(transaction, AlertState.CLEARED_UNACKNOWLEDGED.value)

    def overruled_gates(self) -> Sequence[str]:
        """Say which live models judge although a gate of their promotion failed."""
        with self._database.read() as transaction:
            return overruled_sentences(read_history(transaction))

    def pollers(self) -> Sequence[Mapping[str, Any]]:
        """List what every poller told last, unless that was days ago."""
        now = self._clock.now()
        with self._database.read() as transaction:
            found = list_pollers(transaction)
        return [poller_json(one, now) for one in found if one.age_s(now) < FORGOTTEN_S]

    def diagnosis(self, sweep: str) -> Mapping[str, Any] | None:
        """Read the newest diagnosis of a sweep."""
        with self._database.read() as transaction:
            found = get_diagnosis(transaction, sweep)
        return None if found is None else diagnosis_json(found)

    def labels(
        self, sweeps: Sequence[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Read the labels of some sweeps that count."""
        with self._database.read() as transaction:
            return current_labels_json(transaction, sweeps)

    def audit(self, before: int | None) -> Mapping[str, Any]:
        """List who did what, newest first."""
        with self._database.read() as transaction:
            found = list_actions(transaction, limit=AUDIT_LIMIT + 1, before=before)
        page = found[:AUDIT_LIMIT]
        return {
            "server_time": format_time(self._clock.now()),
            "actions": [audit_json(record) for record in page],
            "older": page[-1].number if len(found) > AUDIT_LIMIT else None,
        }


def wall_source(request: Request) -> WallSource:
    """Read what the database of the process knows."""
    context = request.app.state.context
    assert isinstance(context, ServiceContext)
    return StoredWall(context.database, context.clock)
