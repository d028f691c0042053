"""When a poller's spool is an alert: it refuses sweeps, or soon will. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from instruments.measurement.poller_status import PollerStatus

SPOOL_FILLING = "spool_filling"
"""Name of the rule that a spool near its limit fulfils; it speaks of the array."""

RAISE_FRACTION = 0.8
"""Fraction of its limit at which a spool calls."""

CLEAR_FRACTION = 0.6
"""Fraction of its limit below which it is well again."""

STALE_PERIODS = 3.0
"""A poller is stale after so many of its reporting periods."""

FORGOTTEN_S = 86_400.0
"""Age in seconds beyond which a status speaks for nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardPoller:
    """A status, and when the service received it."""

    status: PollerStatus
    received_at: datetime

    def age_s(self, now: datetime) -> float:
        """Return seconds since it was received."""
        return max((now - self.received_at).total_seconds(), 0.0)

    def is_stale(self, now: datetime) -> bool:
        """Tell whether the poller should have reported again by now."""
        return self.age_s(now) > STALE_PERIODS * self.status.period_s


def is_spool_filling(
    pollers: Sequence[HeardPoller], now: datetime, *, was: bool
) -> bool:
    """Tell whether the rule stands fulfilled, with a deadband.

    Parameters
    ----------
    was
        Whether it stood before. A poller that fell silent raises nothing, but what it
        said last holds an alert up for a day.
    """
    if not was:
        heard = [one for one in pollers if not one.is_stale(now)]
        return any(_is_beyond(one.status, RAISE_FRACTION) for one in heard)
    known = [one for one in pollers if one.age_s(now) <= FORGOTTEN_S]
    return any(_is_beyond(one.status, CLEAR_FRACTION) for one in known)


def explain_spools(pollers: Sequence[HeardPoller]) -> str:
    """Say in one sentence how the fullest spool stands."""
    if not pollers:
        return "no poller reports a spool"
    worst = max(pollers, key=_urgency)
    spool = worst.status.spool
    share = f"{spool.depth_bytes / 1e6:.3g} of {spool.max_bytes / 1e6:.3g} MB"
    held = f"{worst.status.poller} holds {spool.depth} sweeps, {share}"
    if spool.oldest_age_s is not None:
        held += f", the oldest {spool.oldest_age_s:.0f} s old"
    if spool.is_refusing:
        return f"the newest sweeps are refused and lost: the spool of {held}"
    return f"the spool of {held}"


def _is_beyond(status: PollerStatus, fraction: float) -> bool:
    return status.spool.is_refusing or _fraction(status) >= fraction


def _fraction(status: PollerStatus) -> float:
    limit = status.spool.max_bytes
    return status.spool.depth_bytes / limit if limit else 0.0


def _urgency(poller: HeardPoller) -> tuple[bool, float]:
    return poller.status.spool.is_refusing, _fraction(poller.status)
