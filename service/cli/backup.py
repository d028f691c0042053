"""``halowatch db backup`` and ``halowatch db restore``."""

from collections.abc import Sequence
from pathlib import Path

import click

from instruments.clock import SystemClock
from service.cli.database import actor, open_raw
from service.cli.exits import CommandFailedError, print_json
from service.cli.progress import announce
from service.storage.access_records import AuditEntry
from service.storage.audit import record_action
from service.storage.backup import back_up, restore
from service.storage.backup_manifest import MADE, Backup, read_backup
from service.storage.mending import mend
from service.storage.migration import check_revision, upgrade

_FOLDER = click.Path(file_okay=False, path_type=Path)
_NAMED = 20


@click.command("backup")
@click.argument("folder", metavar="OUT", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def backup_command(folder: Path, *, as_json: bool) -> None:
    """Copy the database into the new folder OUT while the service runs.

    The copy is one moment of the database, checked, with SHA-256 of every file.
    """
    now = SystemClock().now()
    with open_raw() as (config, database):
        check_revision(database, config.migrations)
        announce(f"copying the database to {folder} and checking the copy")
        made = back_up(database, folder, now)
        entry = AuditEntry(
            at=now, actor=actor(), action=MADE, subject=str(folder.absolute())
        )
        with database.write() as transaction:
            record_action(transaction, entry)
    if as_json:
        print_json({"folder": str(folder), **made.record})
    else:
        click.echo(f"{folder}: {made.row_counts.get('sweep', 0)} sweeps")
    _tell_damage(made, f"{folder} is made")


@click.command("restore")
@click.argument("folder", metavar="BACKUP", type=_FOLDER)
@click.option(
    "--replace",
    is_flag=True,
    help="Put it in the place of a database that is there; stop the service first.",
)
@click.option(
    "--check", "only_check", is_flag=True, help="Only look whether BACKUP is whole."
)
@click.option(
    "--damaged",
    "only_damaged",
    is_flag=True,
    help="Put back only samples that are damaged; the service may run on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def restore_command(
    folder: Path, *, replace: bool, only_check: bool, only_damaged: bool, as_json: bool
) -> None:
    """Put the backup BACKUP in the place of the database of HALOWATCH_DATABASE_URL.

    Every file is checked first. A SQLite file that is replaced stays beside, renamed.
    """
    if replace + only_check + only_damaged > 1:
        raise click.UsageError("--replace, --check and --damaged exclude each other")
    if only_damaged:
        _mend(folder, as_json=as_json)
        return
    now = SystemClock().now()
    with open_raw(may_be_absent=True) as (config, database):
        announce(f"checking every file of {folder}")
        if only_check:
            made = read_backup(folder)
        else:
            made = restore(database, folder, replace=replace, now=now)
            upgrade(database, config.migrations)
            entry = AuditEntry(
                at=now,
                actor=actor(),
                action="database.restore",
                subject=str(folder),
                details={"made_at": made.made_at},
            )
            with database.write() as transaction:
                record_action(transaction, entry)
    verb = "is whole" if only_check else "is in place"
    if as_json:
        print_json({"folder": str(folder), **made.record})
    else:
        click.echo(f"{folder} of {made.made_at} {verb}")
    _tell_damage(made, f"{folder} {verb}")


def _mend(folder: Path, *, as_json: bool) -> None:
    with open_raw() as (config, database):
        check_revision(database, config.migrations)
        announce(f"putting damaged samples back from {folder}")
        report = mend(database, folder)
        entry = AuditEntry(
            at=SystemClock().now(),
            actor=actor(),
            action="database.mend",
            subject=str(folder),
            details={"mended": len(report.mended), "left": len(report.left)},
        )
        with database.write() as transaction:
            record_action(transaction, entry)
    if as_json:
        print_json({"mended": list(report.mended), "left": list(report.left)})
    else:
        click.echo(f"{len(report.mended)} sweeps can be read again")
    if report.left:
        raise CommandFailedError(
            f"{folder} does not hold what {_some(report.left)} need: halowatch db "
            "check tells which backup does"
        )


def _some(sweep_ids: Sequence[str]) -> str:
    more = f" and {len(sweep_ids) - _NAMED} more" if len(sweep_ids) > _NAMED else ""
    return ", ".join(sweep_ids[:_NAMED]) + more


def _tell_damage(made: Backup, done: str) -> None:
    lost = made.damaged or ()
    if lost:
        raise CommandFailedError(
            f"{done}, but samples of {len(lost)} sweeps in it are damaged "
            f"({_some(lost)}): halowatch db check tells why, and "
            "which backup holds them"
        )
