"""Reads what the rules look at."""

from service.alerts.rules import DEFAULT_TEMPERATURE_LIMIT_K, Observation, Rule
from service.storage.engine import Transaction
from service.storage.records import CavityRecord
from service.storage.trends import recent_verdicts


def observe(
    transaction: Transaction, rule: Rule, cavity: str, model_version: str | None
) -> list[Observation]:
    """Read what a rule looks at, newest first."""
    verdicts = recent_verdicts(
        transaction, cavity, rule.purpose, model_version, rule.depth
    )
    return [
        Observation(
            sweep_id=verdict.sweep_id,
            measured_at=verdict.measured_at,
            condition_state=verdict.condition_state,
            condition_label=verdict.condition_label,
            is_out_of_distribution=verdict.is_out_of_distribution,
            temperature_state=verdict.temperature_state,
            temperature_p05_k=verdict.temperature_p05_k,
            temperature_p95_k=verdict.temperature_p95_k,
            resonance_state=verdict.resonance_state,
        )
        for verdict in verdicts
    ]


def limit_k_of(cavity: CavityRecord) -> float:
    """Return the temperature limit of a cavity, in K."""
    return cavity.temperature_limit_k or DEFAULT_TEMPERATURE_LIMIT_K
