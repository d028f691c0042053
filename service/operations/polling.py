"""What the pollers told, with its age, and what it says on a cavity."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from instruments.measurement.poller_status import CavityMode, CavityStatus
from instruments.measurement.poller_status_message import poller_status_to_json
from instruments.measurement.times import format_time
from service.alerts.spools import HeardPoller
from service.operations.presenting import optional_time
from service.storage.engine import Transaction
from service.storage.pollers import list_pollers

CavityModes = Mapping[str, tuple[str, CavityStatus]]
"""Cavity to the name of its poller and what that told of it."""


def poller_json(poller: HeardPoller, now: datetime) -> dict[str, Any]:
    """Write a poller's last status with its age; absent values are null."""
    status = poller_status_to_json(poller.status)
    spool = poller.status.spool
    return status | {
        "received_at": format_time(poller.received_at),
        "age_s": round(poller.age_s(now), 3),
        "is_stale": poller.is_stale(now),
        "spool": status["spool"]
        | {"oldest_age_s": spool.oldest_age_s, "last_error": spool.last_error},
        "instruments": [
            {"last_error": None, "lateness_s": None} | one
            for one in status["instruments"]
        ],
        "cavities": [_cavity_json(one) for one in poller.status.cavities],
    }


def cavity_modes(pollers: Sequence[HeardPoller], now: datetime) -> CavityModes:
    """Tell which cavities are measured, by what was heard lately.

    Returns
    -------
    dict
        Cavity to the name of its poller and what that told of it. Where two pollers
        name one cavity, the one that measures it counts.
    """
    modes: dict[str, tuple[str, CavityStatus]] = {}
    for poller in pollers:
        if poller.is_stale(now):
            continue
        for one in poller.status.cavities:
            if one.cavity not in modes or one.mode is CavityMode.POLLED:
                modes[one.cavity] = (poller.status.poller, one)
    return modes


def read_cavity_modes(transaction: Transaction, now: datetime) -> CavityModes:
    """Read which cavities are measured."""
    return cavity_modes(list_pollers(transaction), now)


def polling_json(modes: CavityModes, cavity: str) -> dict[str, Any] | None:
    """Write whether a cavity is measured; None where no poller tells."""
    if cavity not in modes:
        return None
    poller, status = modes[cavity]
    return {"poller": poller} | _cavity_json(status)


def _cavity_json(status: CavityStatus) -> dict[str, Any]:
    return {
        "cavity": status.cavity,
        "mode": status.mode.value,
        "since": optional_time(status.since),
        "until": optional_time(status.until),
        "reason": status.reason,
    }
