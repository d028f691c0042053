"""Registers models and changes who is live: every change recorded, none undone."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from models.evaluation.gates import Gate
from service.errors import (
    ConflictError,
    InvalidRequestError,
)
from service.operations.model_folders import ReadFolder
from service.operations.model_history import ModelHistory
from service.operations.model_orders import (
    Order,
    check_gates,
    need_cavities,
    need_model,
    need_reason,
    record_change,
)
from service.storage.engine import Transaction
from service.storage.model_records import (
    EVERY_CAVITY,
    ModelEvent,
    ModelRecord,
    ModelState,
)
from service.storage.models import (
    get_model,
    insert_model,
    list_model_transitions,
    lock_register,
)


def read_history(
    transaction: Transaction, until: datetime | None = None
) -> ModelHistory:
    """Read the register as it stood at a time, or stands now."""
    return ModelHistory(list_model_transitions(transaction, until))


def register_folder(
    transaction: Transaction,
    folder: ReadFolder,
    *,
    source: Path,
    order: Order,
    parent: str | None = None,
    evaluation: dict[str, Any] | None = None,
) -> bool:
    """Keep a folder as a candidate; tells whether it is new.

    Raises
    ------
    InvalidRequestError
        If the evaluation is that of another model, or the parent is not registered.
    """
    if evaluation is not None and evaluation.get("model") != folder.version:
        raise InvalidRequestError(
            f"the evaluation is of model {evaluation.get('model')!r}, the folder holds "
            f"{folder.version!r}; run halowatch evaluate on this folder"
        )
    lock_register(transaction)
    if get_model(transaction, folder.version) is not None:
        return False
    parent = parent or folder.manifest.get("parent")
    if parent is not None and get_model(transaction, parent) is None:
        raise InvalidRequestError(
            f"parent: {parent!r} is not registered; halowatch models list names those "
            "that are"
        )
    report = folder.report | ({} if evaluation is None else {"evaluation": evaluation})
    record = ModelRecord(
        version=folder.version,
        parent=parent,
        source=str(source.absolute()),
        size_bytes=folder.size_bytes,
        manifest=folder.manifest,
        report=report,
        registered_at=order.now,
        registered_by=order.by,
    )
    insert_model(transaction, record, folder.files)
    record_change(
        transaction,
        (folder.version, EVERY_CAVITY),
        ModelEvent.REGISTERED,
        (ModelState.CANDIDATE, ModelState.CANDIDATE),
        order,
    )
    return True


def promote(
    transaction: Transaction,
    version: str,
    *,
    to: ModelState,
    cavities: Sequence[str],
    gates: Sequence[Gate],
    order: Order,
) -> None:
    """Make a version live, or a shadow, for all cavities or for some.

    Parameters
    ----------
    to
        ``live`` or ``shadow``.
    cavities
        Those it shall judge; empty for every cavity that has no model of its own.
    gates
        What was found before; only for ``live`` do they bind.

    Raises
    ------
    NotFoundError
        If the version or a cavity is not registered.
    ConflictError
        If it is that already.
    PromotionRefusedError
        If a gate fails and nobody overrules it.
    InvalidRequestError
        If it is forced without a reason.
    """
    lock_register(transaction)
    need_model(transaction, version)
    scopes = tuple(dict.fromkeys(cavities)) or (EVERY_CAVITY,)
    need_cavities(transaction, cavities)
    history = read_history(transaction)
    scopes = tuple(s for s in scopes if history.state(version, s) is not to)
    if not scopes:
        raise ConflictError(f"model {version} is {to.value} there already")
    forced = to is ModelState.LIVE and check_gates(version, gates, order)
    for scope in scopes:
        if to is ModelState.LIVE and (live := history.live().get(scope)) is not None:
            retiring = (ModelState.LIVE, ModelState.RETIRED)
            key = (live.version, scope)
            record_change(transaction, key, ModelEvent.DISPLACED, retiring, order)
        record_change(
            transaction,
            (version, scope),
            ModelEvent.PROMOTED if to is ModelState.LIVE else ModelEvent.SHADOWED,
            (history.state(version, scope), to),
            order,
            gates=gates,
            forced=forced,
        )


def roll_back(
    transaction: Transaction, version: str, *, cavities: Sequence[str], order: Order
) -> dict[str, str | None]:
    """Take a live version back; who was live before it is live again.

    Parameters
    ----------
    cavities
        Scopes to roll back; empty for every one in which it is live.

    Returns
    -------
    dict
        Scope to the version that is live there now; None where the model of all
        cavities judges again.

    Raises
    ------
    ConflictError
        If it is not live there, or nothing was live before it.
    """
    lock_register(transaction)
    need_model(transaction, version)
    history = read_history(transaction)
    held = [scope for scope, post in history.live().items() if post.version == version]
    scopes = list(dict.fromkeys(cavities)) or held
    restored: dict[str, str | None] = {}
    for scope in scopes:
        if scope not in held:
            raise ConflictError(
                f"model {version} is not live"
                + (f" for {scope}" if scope else "")
                + "; halowatch models live names who is"
            )
        before = history.predecessor(scope)
        if before is None and scope == EVERY_CAVITY:
            raise ConflictError(
                f"no model was live before {version}; promote another, or retire it to "
                "judge without a model"
            )
        restored[scope] = before
    if not restored:
        raise ConflictError(f"model {version} is not live anywhere")
    for scope, before in restored.items():
        ending = (ModelState.LIVE, ModelState.RETIRED)
        record_change(
            transaction, (version, scope), ModelEvent.ROLLED_BACK, ending, order
        )
        if before is not None:
            again = (history.state(before, scope), ModelState.LIVE)
            record_change(
                transaction, (before, scope), ModelEvent.RESTORED, again, order
            )
    return restored


def retire(
    transaction: Transaction, version: str, *, cavities: Sequence[str], order: Order
) -> None:
    """End what a version does, everywhere or for some cavities.

    Raises
    ------
    ConflictError
        If it does nothing there.
    InvalidRequestError
        If it is the live model of all and nobody says why with force.
    """
    lock_register(transaction)
    need_model(transaction, version)
    history = read_history(transaction)
    posts = {
        scope: post.state
        for (name, scope), post in history.posts().items()
        if name == version and post.state is not ModelState.RETIRED
    }
    scopes = list(dict.fromkeys(cavities)) or list(posts)
    if not scopes or any(scope not in posts for scope in scopes):
        raise ConflictError(f"model {version} is retired there already")
    if posts.get(EVERY_CAVITY) is ModelState.LIVE and EVERY_CAVITY in scopes:
        if not order.force:
            raise ConflictError(
                f"model {version} is live: promote another in its place, or force it "
                "with a reason to judge without a model"
            )
        need_reason(order)
    for scope in scopes:
        change = (posts[scope], ModelState.RETIRED)
        forced = order.force and posts[scope] is ModelState.LIVE
        record_change(
            transaction,
            (version, scope),
            ModelEvent.RETIRED,
            change,
            order,
            forced=forced,
        )
