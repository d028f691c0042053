"""From fulfilled rules to alerts: what is held back, and the common cause. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from service.alerts.drifts import SLOW_DRIFT
from service.alerts.modes import MODE_LOST
from service.alerts.rules import (
    RECEIVER_CONDITION,
    RESONANCE_LOST,
    UNKNOWN_CHANGE,
    WARMING,
)
from service.alerts.spools import SPOOL_FILLING
from service.alerts.transition import Action

ARRAY = ""
"""The subject of an alert that speaks of the whole array."""

LEAST_COMMON_COUNT = 2
"""Fewest cavities that can have a common cause."""

_DEFAULT_PERIOD_S = 60.0

_KNOWN_CAUSES = (RECEIVER_CONDITION.name, WARMING.name)
_EXPLAINED_BY = {
    UNKNOWN_CHANGE.name: _KNOWN_CAUSES,
    MODE_LOST: (RESONANCE_LOST.name,),
    SLOW_DRIFT: (*_KNOWN_CAUSES, UNKNOWN_CHANGE.name),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a rule stands for one cavity or for the array.

    Attributes
    ----------
    since
        When it was fulfilled, or ceased to be.
    is_alerting
        Whether its alert is active.
    """

    is_fulfilled: bool
    since: datetime
    is_alerting: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Raise or clear the alert of a rule for a subject."""

    action: Action
    rule: str
    subject: str
    cavities: tuple[str, ...]


Standings = Mapping[tuple[str, str], Standing]
"""By (rule, subject)."""


def settle(
    standings: Standings, periods_s: Mapping[str, float | None], now: datetime
) -> list[Decision]:
    """Decide which alerts to raise and which to clear.

    Parameters
    ----------
    standings
        Where every rule stands.
    periods_s
        Sweep period in seconds of every enabled cavity; alerts of others are cleared.
    now
        The one time of this evaluation.

    Returns
    -------
    list
        Clears before raises, each group in a fixed order.
    """
    wanted = _wanted_warming(standings, periods_s, now)
    for (rule, subject), standing in standings.items():
        if rule == WARMING.name or not standing.is_fulfilled:
            continue
        if rule == SPOOL_FILLING:
            wanted[rule, subject] = ()
        elif subject in periods_s and not _is_held_back(standings, rule, subject):
            wanted[rule, subject] = (subject,)
    alerting = {key for key, standing in standings.items() if standing.is_alerting}
    clears = [
        Decision(Action.CLEAR, rule, subject, (subject,) if subject else ())
        for rule, subject in sorted(alerting - wanted.keys())
    ]
    raises = [
        Decision(Action.RAISE, rule, subject, wanted[rule, subject])
        for rule, subject in sorted(wanted.keys() - alerting)
    ]
    return clears + raises


def warm_cavities(
    standings: Standings, periods_s: Mapping[str, float | None]
) -> tuple[str, ...]:
    """Name the enabled cavities that are warm, in a fixed order."""
    return tuple(sorted(c for c in periods_s if _fulfilled(standings, WARMING.name, c)))


def _is_held_back(standings: Standings, rule: str, cavity: str) -> bool:
    """Tell whether a known cause explains what the rule found.

    An alert that is active already is never held back.
    """
    explains = _EXPLAINED_BY.get(rule, ())
    if standings[rule, cavity].is_alerting:
        return False
    return any(_fulfilled(standings, cause, cavity) for cause in explains)


def _wanted_warming(
    standings: Standings, periods_s: Mapping[str, float | None], now: datetime
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Decide between one alert for the array and single ones.

    A fridge warms under all cavities at once. As soon as half of the enabled ones
    are warm, one alert speaks for all; until then a single one waits for one more
    sweep period, so that a common cause wins.
    """
    name = WARMING.name
    warm = warm_cavities(standings, periods_s)
    array = standings.get((name, ARRAY))
    least = max(LEAST_COMMON_COUNT, math.ceil(len(periods_s) / 2))
    if len(warm) >= least or (array is not None and array.is_alerting and warm):
        return {(name, ARRAY): warm}
    return {
        (name, cavity): (cavity,)
        for cavity in warm
        if standings[name, cavity].is_alerting
        or (now - standings[name, cavity].since).total_seconds()
        >= (periods_s[cavity] or _DEFAULT_PERIOD_S)
    }


def _fulfilled(standings: Standings, rule: str, subject: str) -> bool:
    standing = standings.get((rule, subject))
    return standing is not None and standing.is_fulfilled
