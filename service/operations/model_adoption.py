"""The model that the configuration names, on a register that holds none yet."""

from datetime import datetime
from pathlib import Path

import structlog

from models.errors import ModelError
from models.evaluation.gates import GROUPED, judge_report
from service.errors import ModelUnavailableError
from service.operations.model_folders import ReadFolder, read_folder
from service.operations.model_orders import SYSTEM, Order
from service.operations.model_register import (
    promote,
    read_history,
    register_folder,
)
from service.operations.overruled_gates import overruled_sentences
from service.storage.engine import Database
from service.storage.model_records import EVERY_CAVITY, ModelState
from service.storage.models import newest_model_transition

_log = structlog.get_logger(__name__)

_MEND = "train it on more thermal cycles, or halowatch models promote another"


def read_configured(folder: Path) -> ReadFolder:
    """Read the folder that HALOWATCH_MODEL names.

    Raises
    ------
    ModelUnavailableError
        If it is no usable model; the sentence names it.
    """
    try:
        return read_folder(folder)
    except (OSError, ModelError) as error:
        raise ModelUnavailableError(
            f"HALOWATCH_MODEL {folder} cannot be used: {error}", retry_after_s=60
        ) from error


def adopt_configured(database: Database, folder: Path | None, now: datetime) -> None:
    """Make the folder of HALOWATCH_MODEL live if nothing was ever registered.

    It is held to the gates of a promotion. A site's first model judges past them, for
    there is no better one; the log, ``/readyz`` and the wall say which it failed.
    Afterwards the register decides; a setting that names another model is told in the
    log and changes nothing.

    Raises
    ------
    ModelUnavailableError
        If the folder is no usable model.
    """
    if folder is None:
        return
    found = read_configured(folder)
    with database.read() as transaction:
        is_empty = newest_model_transition(transaction) == 0
    if is_empty:
        reason = "HALOWATCH_MODEL names it, and the register was empty"
        order = Order(by=SYSTEM, now=now, reason=reason, force=True)
        with database.write() as transaction:
            if register_folder(transaction, found, source=folder, order=order):
                promote(
                    transaction,
                    found.version,
                    to=ModelState.LIVE,
                    cavities=(),
                    gates=judge_report(found.report, grouped=GROUPED),
                    order=order,
                )
            history = read_history(transaction)
        for sentence in overruled_sentences(history):
            _log.warning("model_past_gates", reason=sentence, mend=_MEND)
        return
    with database.read() as transaction:
        live = read_history(transaction).live().get(EVERY_CAVITY)
    if live is None or live.version != found.version:
        _log.warning(
            "register_decides",
            configured=found.version,
            live=None if live is None else live.version,
            mend="halowatch models register FOLDER, then halowatch models promote",
        )
