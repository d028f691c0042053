"""Orders to the register: who wants a change, what speaks against it, its record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.evaluation.gates import Gate, failed
from service.errors import InvalidRequestError, NotFoundError, PromotionRefusedError
from service.storage.access_records import AuditEntry
from service.storage.audit import record_action
from service.storage.cavities import get_cavity
from service.storage.engine import Transaction
from service.storage.model_records import ModelEvent, ModelState, ModelTransition
from service.storage.models import add_model_transition, get_model

SYSTEM = "halowatch"
"""Who acts where nobody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants a change, why and when.

    Attributes
    ----------
    force
        Overrule gates that fail; needs a reason.
    """

    by: str
    now: datetime
    reason: str = ""
    force: bool = False


def check_gates(version: str, gates: Sequence[Gate], order: Order) -> bool:
    """Refuse what fails; tells whether a failure was overruled."""
    broken = failed(gates)
    if not broken:
        return False
    if not order.force:
        named = "; ".join(f"{gate.name}: {gate.detail}" for gate in broken)
        raise PromotionRefusedError(
            f"model {version} is not promoted ({named}); force it with a reason to "
            "overrule",
            {"gates": [gate.to_record() for gate in gates]},
        )
    need_reason(order)
    return True


def need_reason(order: Order) -> None:
    """Refuse to overrule without a reason.

    Raises
    ------
    InvalidRequestError
        If there is none.
    """
    if not order.reason.strip():
        raise InvalidRequestError("reason: say why, where a gate is overruled by force")


def need_model(transaction: Transaction, version: str) -> None:
    """Refuse a version that is not registered.

    Raises
    ------
    NotFoundError
        If it is none.
    """
    if get_model(transaction, version) is None:
        raise NotFoundError(
            f"no model {version[:64]!r}; halowatch models register FOLDER registers one"
        )


def need_cavities(transaction: Transaction, cavities: Sequence[str]) -> None:
    """Refuse cavities that are not registered.

    Raises
    ------
    NotFoundError
        If one is none.
    """
    for cavity in cavities:
        if get_cavity(transaction, cavity) is None:
            raise NotFoundError(
                f"cavity {cavity[:64]!r} is not registered; "
                f"PUT /api/v1/cavities/{cavity[:64]} registers it"
            )


def record_change(
    transaction: Transaction,
    key: tuple[str, str],
    event: ModelEvent,
    change: tuple[ModelState, ModelState],
    order: Order,
    *,
    gates: Sequence[Gate] = (),
    forced: bool = False,
) -> None:
    """Write a change of state into the register and the audit log."""
    version, scope = key
    add_model_transition(
        transaction,
        ModelTransition(
            version=version,
            scope=scope,
            at=order.now,
            event=event,
            from_state=change[0],
            to_state=change[1],
            actor=order.by,
            reason=order.reason,
            is_forced=forced,
            gates=tuple(gate.to_record() for gate in gates),
        ),
    )
    record_action(
        transaction,
        AuditEntry(
            at=order.now,
            actor=order.by,
            action=f"model.{event.value}",
            subject=version,
            details={
                "scope": scope or "every cavity",
                "reason": order.reason,
                "forced": forced,
            },
        ),
    )
