"""What a run of the demo came to: counts, detections, delays."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from instruments.measurement.times import parse_time
from service.demo.receiver import ReceivedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedFault:
    """A fault that was switched on, and what must notice it.

    Attributes
    ----------
    cavity
        Where; None for the whole array.
    rules
        Alert rules that count as its detection.
    notice_s
        Seconds that its detection may take.
    """

    fault: str
    cavity: str | None
    injected_at: datetime
    rules: tuple[str, ...]
    notice_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Whether and how fast a fault came to the on-call channel.

    Attributes
    ----------
    is_too_late
        The run ended before the fault had the time that its detection may take, and
        nothing noticed it: it is neither detected nor missed.
    """

    fault: str
    cavity: str | None
    injected_at: str
    detected: bool
    is_too_late: bool
    rule: str | None
    delay_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures that ``halowatch demo --json`` prints.

    Attributes
    ----------
    sweeps_stored
        Sweeps of the demo's own poller that the service holds.
    sweeps_lost
        Sweeps that the poller had spooled and the service does not hold.
    faults_injected
        Faults that had the time to be detected.
    faults_too_late
        Further faults that began too shortly before the end to be judged.
    detection_delay_s
        Slowest detection, from the switching on of the fault to its alert's arrival.
    vna_to_alert_p99_s
        99th percentile from the end of a sweep at the VNA to the arrival of the alert
        that it raised.
    """

    sweeps_stored: int
    sweeps_lost: int
    diagnoses: int
    alerts_raised: int
    alerts_delivered: int
    faults_injected: int
    faults_detected: int
    faults_too_late: int
    detection_delay_s: float | None
    vna_to_alert_p99_s: float | None
    faults: tuple[Detection, ...]

    def to_json(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping."""
        return asdict(self)


def detect(
    faults: Sequence[InjectedFault],
    received: Sequence[ReceivedMessage],
    ended_at: datetime,
) -> tuple[Detection, ...]:
    """Match every fault with the first alert that notices it.

    Parameters
    ----------
    ended_at
        When the run ended; a fault that nobody noticed by then may have come too late.
    """
    return tuple(_first_notice(fault, received, ended_at) for fault in faults)


def vna_to_alert_p99_s(received: Sequence[ReceivedMessage]) -> float | None:
    """Return the 99th percentile from sweep end to alert, None without any."""
    delays = [
        (one.received_at - moment).total_seconds()
        for one in received
        if one.message.get("event") == "raised"
        and (moment := _sweep_end(one.message)) is not None
    ]
    return float(np.percentile(delays, 99)) if delays else None


def delivered_count(received: Sequence[ReceivedMessage]) -> int:
    """Count the alerts whose raising arrived, repeats counted once."""
    return len(
        {
            one.message["alert_id"]
            for one in received
            if one.message["event"] == "raised"
        }
    )


def own_sweeps(poller: Mapping[str, Any], held_count: int) -> tuple[int, int]:
    """Count the stored and the lost sweeps of the demo's own poller.

    Parameters
    ----------
    poller
        What ``halowatch poll --json`` said at its end.
    held_count
        Sweeps that the service holds, those that somebody posted by hand among them.
    """
    stored = min(int(poller["sweeps_confirmed"]), held_count)
    return stored, int(poller["sweeps_spooled"]) - stored


def _first_notice(
    fault: InjectedFault, received: Sequence[ReceivedMessage], ended_at: datetime
) -> Detection:
    notices = [
        one
        for one in received
        if one.message.get("event") == "raised"
        and one.message.get("rule") in fault.rules
        and one.received_at >= fault.injected_at
        and (fault.cavity is None or one.message.get("cavity") == fault.cavity)
    ]
    first = min(notices, key=lambda one: one.received_at, default=None)
    lasted_s = (ended_at - fault.injected_at).total_seconds()
    return Detection(
        fault=fault.fault,
        cavity=fault.cavity,
        injected_at=fault.injected_at.isoformat(),
        detected=first is not None,
        is_too_late=first is None and lasted_s < fault.notice_s,
        rule=None if first is None else str(first.message["rule"]),
        delay_s=None
        if first is None
        else (first.received_at - fault.injected_at).total_seconds(),
    )


def _sweep_end(message: Mapping[str, Any]) -> datetime | None:
    # A missing sweep raises no_data; there is no sweep to count from.
    if message.get("rule") == "no_data" or not message.get("sweep_measured_at"):
        return None
    return parse_time("sweep_measured_at", message["sweep_measured_at"])
