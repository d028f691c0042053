"""What the rules would have made of judgements that are stored. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from instruments.measurement import SweepPurpose
from service.alerts.rules import RULES, Observation, Rule, is_fulfilled


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch in which a rule stood fulfilled for a cavity.

    Attributes
    ----------
    ended_at
        None where it stood to the end.
    """

    rule: str
    cavity: str
    began_at: datetime
    ended_at: datetime | None

    def overlaps(self, other: "Episode") -> bool:
        """Tell whether both speak of the same rule and cavity at one time."""
        if (self.rule, self.cavity) != (other.rule, other.cavity):
            return False
        ends_before = self.ended_at is not None and self.ended_at < other.began_at
        begins_after = other.ended_at is not None and other.ended_at < self.began_at
        return not (ends_before or begins_after)


def replay(
    cavity: str,
    purpose: SweepPurpose,
    seen: Iterable[Observation],
    limit_k: float,
) -> list[Episode]:
    """Run every rule of a purpose over the observations of a cavity, oldest first."""
    observations = list(seen)
    return [
        episode
        for rule in RULES
        if rule.purpose is purpose
        for episode in _episodes(rule, cavity, observations, limit_k)
    ]


def alone(mine: Sequence[Episode], others: Sequence[Episode]) -> list[Episode]:
    """Return the episodes that nothing among the others overlaps."""
    return [each for each in mine if not any(each.overlaps(other) for other in others)]


def _episodes(
    rule: Rule, cavity: str, seen: Sequence[Observation], limit_k: float
) -> list[Episode]:
    window: deque[Observation] = deque(maxlen=rule.depth)
    found: list[Episode] = []
    began_at: datetime | None = None
    for item in seen:
        window.appendleft(item)
        findings = [rule.find(each, limit_k) for each in window]
        stands = is_fulfilled(rule, findings, was=began_at is not None)
        if stands and began_at is None:
            began_at = item.measured_at
        elif not stands and began_at is not None:
            found.append(Episode(rule.name, cavity, began_at, item.measured_at))
            began_at = None
    if began_at is not None:
        found.append(Episode(rule.name, cavity, began_at, None))
    return found
