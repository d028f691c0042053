"""Works off the outbox: sends alert messages, at least once each."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import structlog

from instruments.clock import Clock
from instruments.measurement.times import format_time
from service.alerts.webhook import Sent, send
from service.config_values import Channel
from service.operations.claiming import claim_due
from service.operations.presenting import optional_time
from service.storage.alert_records import AlertRecord, DeliveryRecord, TransitionRecord
from service.storage.alerts import get_alert, get_transition
from service.storage.deliveries import (
    DELIVERED,
    FAILED,
    PENDING,
    get_delivery,
    record_attempt,
)
from service.storage.engine import Database
from service.storage.records import TaskKind, TaskRecord
from service.storage.tasks import finish_task, postpone_task

_log = structlog.get_logger(__name__)
_random = secrets.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to wait between attempts, and when to stop.

    Attributes
    ----------
    backoff_s, cap_s
        First and longest pause in seconds; it doubles in between.
    keep_s
        Age of a message in seconds beyond which it is not sent any more.
    """

    backoff_s: float
    cap_s: float
    keep_s: float

    def pause_s(self, attempts: int, fraction: float) -> float:
        """Return the pause after so many attempts, in seconds.

        Parameters
        ----------
        fraction
            Jitter from 0 to 1: the pause lies between half and all of the step.
        """
        step_s = min(self.cap_s, self.backoff_s * 2.0 ** min(attempts - 1, 30))
        return step_s * (0.5 + 0.5 * fraction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """Sends outbox tasks to their channels."""

    database: Database
    clock: Clock
    client: httpx.Client
    owner: str
    lease: timedelta
    channels: Mapping[str, Channel]
    retry: RetryPolicy
    public_url: str

    def claim(self, limit: int) -> list[TaskRecord]:
        """Claim messages that are due; of one alert and channel only the first.

        Raises
        ------
        StorageUnavailableError
            If the database cannot be reached.
        """
        return claim_due(
            self.database,
            TaskKind.DELIVER,
            owner=self.owner,
            now=self.clock.now(),
            lease=self.lease,
            longest_pause=timedelta(seconds=self.retry.cap_s),
            limit=limit,
        )

    def deliver(self, task: TaskRecord) -> Sent:
        """Send one message once and record the attempt.

        Raises
        ------
        StorageUnavailableError
            If the database cannot be reached; the message is then sent again.
        """
        with self.database.read() as transaction:
            delivery = get_delivery(transaction, int(task.subject))
            assert delivery is not None
            alert = get_alert(transaction, delivery.alert_id)
            transition = get_transition(transaction, delivery.transition_id)
            assert alert is not None
            assert transition is not None
        channel = self.channels.get(delivery.channel)
        if channel is None:
            reason = f"channel {delivery.channel} is not configured any more"
            sent = Sent(is_delivered=False, is_permanent=True, error=reason)
        else:
            message = compose_message(alert, transition, self.public_url)
            sent = send(self.client, channel.url, message)
        self._record(task, delivery, sent)
        return sent

    def _record(self, task: TaskRecord, delivery: DeliveryRecord, sent: Sent) -> None:
        now = self.clock.now()
        age_s = (now - delivery.created_at).total_seconds()
        is_over = sent.is_permanent or age_s > self.retry.keep_s
        state = DELIVERED if sent.is_delivered else FAILED if is_over else PENDING
        with self.database.write() as transaction:
            record_attempt(
                transaction,
                delivery,
                state=state,
                now=now,
                http_status=sent.http_status,
                error=sent.error,
            )
            if state == PENDING:
                pause_s = self.retry.pause_s(delivery.attempts + 1, _random.random())
                until = now + timedelta(seconds=pause_s)
                reason = sent.error or ""
                postpone_task(transaction, task.task_id, self.owner, until, reason)
            else:
                finish_task(transaction, task.task_id, self.owner)
        if not sent.is_delivered:
            _log.warning(
                "delivery_failed",
                channel=delivery.channel,
                alert_id=delivery.alert_id,
                state=state,
                reason=sent.error,
            )


def compose_message(
    alert: AlertRecord, transition: TransitionRecord, public_url: str
) -> dict[str, Any]:
    """Write what a webhook is sent.

    The dedup key is the same for every message of one alert, so that a receiver can
    tell a repeated message and close what it opened.
    """
    subject = alert.cavity or "array"
    return {
        "dedup_key": f"{alert.rule}/{subject}/{alert.alert_id}",
        "alert_id": alert.alert_id,
        "transition_id": transition.transition_id,
        "event": transition.event,
        "rule": alert.rule,
        "title": alert.title,
        "severity": alert.severity,
        "scope": alert.scope,
        "cavity": alert.cavity,
        "cavities": list(alert.cavities),
        "summary": f"{alert.title} ({subject}): {transition.reason}",
        "cause": alert.cause,
        "action": alert.action,
        "raised_at": format_time(alert.raised_at),
        "at": format_time(transition.at),
        "sweep_id": alert.sweep_id,
        "sweep_measured_at": optional_time(alert.sweep_measured_at),
        "url": f"{public_url}/alerts#{alert.alert_id}",
    }
