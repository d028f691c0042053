"""``halowatch users``: the accounts of persons."""

import sys
from pathlib import Path
from typing import Any

import click

from instruments.clock import SystemClock
from instruments.measurement.times import format_time
from service.access.permissions import Role
from service.cli.database import acting, open_tables
from service.cli.exits import BadInputError, print_json
from service.operations.account_keeping import (
    change_password,
    change_role,
    create_account,
    shut_account,
)
from service.storage.access_records import AccountRecord
from service.storage.accounts import list_accounts

_ROLE = click.Choice([role.value for role in Role])
_password_file = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds the password; absent: it is asked for, or read from stdin.",
)


@click.group("users")
def command() -> None:
    """Make and change accounts in the database of HALOWATCH_DATABASE_URL."""


@command.command("create")
@click.argument("name")
@click.option("--role", required=True, type=_ROLE, help="What the person may do.")
@_password_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def create(name: str, *, role: str, password_file: Path | None, as_json: bool) -> None:
    """Make an account with a password.

    A viewer sees everything, an operator acknowledges and labels, an expert changes the
    live model too, an administrator does everything and reads the audit log.
    """
    password = _read_password(password_file)
    with open_tables() as database, acting(database) as (transaction, actor):
        account = create_account(
            transaction,
            name=name,
            role=Role(role),
            password=password,
            actor=actor,
            now=SystemClock().now(),
        )
    if as_json:
        print_json(_document(account))
    else:
        click.echo(f"{name} may log in as {role}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(*, as_json: bool) -> None:
    """List the accounts."""
    with open_tables() as database, database.read() as transaction:
        users = [_document(account) for account in list_accounts(transaction)]
    if as_json:
        print_json({"users": users})
        return
    for user in users:
        click.echo(
            f"{user['name']:24} {user['role']:9} {user['state']:9} "
            f"by {user['issuer'] or 'password'}  "
            f"last log-in {user['last_login_at'] or 'never'}"
        )


@command.command("role")
@click.argument("name")
@click.argument("role", type=_ROLE)
def role_(name: str, role: str) -> None:
    """Change a person's role, for open sessions too."""
    with open_tables() as database, acting(database) as (transaction, actor):
        now = SystemClock().now()
        change_role(transaction, name, Role(role), actor=actor, now=now)
    click.echo(f"{name} is {role}")


@command.command("password")
@click.argument("name")
@_password_file
def password_(name: str, password_file: Path | None) -> None:
    """Change a password and end the person's sessions."""
    password = _read_password(password_file)
    with open_tables() as database, acting(database) as (transaction, actor):
        now = SystemClock().now()
        change_password(transaction, name, password, actor=actor, now=now)
    click.echo(f"the password of {name} is changed")


@command.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Shut an account and end its sessions."""
    _shut(name, is_shut=True)
    click.echo(f"{name} cannot log in any more")


@command.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Open an account again."""
    _shut(name, is_shut=False)
    click.echo(f"{name} may log in again")


def _shut(name: str, *, is_shut: bool) -> None:
    with open_tables() as database, acting(database) as (transaction, actor):
        now = SystemClock().now()
        shut_account(transaction, name, is_shut=is_shut, actor=actor, now=now)


def _read_password(file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInputError(f"--password-file: {file}: {error}") from None
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline(1000).rstrip("\r\n")


def _document(account: AccountRecord) -> dict[str, Any]:
    last = account.last_login_at
    return {
        "name": account.name,
        "role": account.role.value,
        "state": "disabled" if account.disabled_at else "active",
        "issuer": account.issuer,
        "created_at": format_time(account.created_at),
        "last_login_at": None if last is None else format_time(last),
    }
