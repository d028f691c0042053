"""Reads what the rules look at."""

from service.alerts.rules import DEFAULT_TEMPERATURE_LIMIT_K, Observation, Rule
from service.storage.engine import Transaction
from service.storage.observations import recent_observations
from service.storage.records import CavityRecord


def observe(
    transaction: Transaction, rule: Rule, cavity: str, model_version: str | None
) -> list[Observation]:
    """Read what a rule looks at, newest first."""
    return recent_observations(
        transaction, cavity, rule.purpose, model_version, rule.depth
    )


def limit_k_of(cavity: CavityRecord) -> float:
    """Return the temperature limit of a cavity, in K."""
    return cavity.temperature_limit_k or DEFAULT_TEMPERATURE_LIMIT_K
