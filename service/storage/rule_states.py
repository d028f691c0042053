"""Where every rule stands, and the lock that makes evaluations follow one another."""

from typing import Any

from sqlalchemy import Row, bindparam, select, text
from sqlalchemy.dialects import postgresql, sqlite

from service.storage import tables
from service.storage.alert_records import RuleState
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_R = tables.rule_state.c

# Built once: every judged sweep asks.
_EVERY_STATE = select(tables.rule_state)
_ONE_STATE = select(tables.rule_state).where(
    _R.rule == bindparam("rule"), _R.subject == bindparam("subject")
)

_RULES_LOCK = 7_406_110
"""Number of the advisory lock that makes rule evaluations follow one another."""


def lock_rules(transaction: Transaction) -> None:
    """Make other evaluations wait until this transaction ends.

    SQLite has one writer anyway; PostgreSQL takes an advisory lock.
    """
    if transaction.dialect.name == "postgresql":
        transaction.execute(
            text("SELECT pg_advisory_xact_lock(:number)"), {"number": _RULES_LOCK}
        )


def list_rule_states(transaction: Transaction) -> dict[tuple[str, str], RuleState]:
    """Return where every rule stands, by (rule, subject)."""
    states = [_record(row) for row in transaction.execute(_EVERY_STATE)]
    return {(state.rule, state.subject): state for state in states}


def get_rule_state(
    transaction: Transaction, rule: str, subject: str
) -> RuleState | None:
    """Return where one rule stands."""
    asked = {"rule": rule, "subject": subject}
    row = transaction.execute(_ONE_STATE, asked).one_or_none()
    return None if row is None else _record(row)


def fulfilled_subjects(transaction: Transaction, rule: str) -> frozenset[str]:
    """Return the subjects for which a rule stands fulfilled."""
    query = select(_R.subject).where(_R.rule == rule, _R.is_fulfilled.is_(True))
    return frozenset(transaction.execute(query).scalars())


def put_rule_state(transaction: Transaction, state: RuleState) -> None:
    """Remember where a rule stands."""
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    values = {
        "is_fulfilled": state.is_fulfilled,
        "since_us": to_us(state.since),
        "alert_id": state.alert_id,
    }
    transaction.execute(
        dialect.insert(tables.rule_state)
        .values(rule=state.rule, subject=state.subject, **values)
        .on_conflict_do_update(index_elements=[_R.rule, _R.subject], set_=values)
    )


def _record(row: Row[Any]) -> RuleState:
    return RuleState(
        rule=row.rule,
        subject=row.subject,
        is_fulfilled=row.is_fulfilled,
        since=from_us(row.since_us),
        alert_id=row.alert_id,
    )
