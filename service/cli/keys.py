"""``halowatch keys``: API keys with scopes."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from instruments.clock import SystemClock
from instruments.measurement.times import format_time
from service.access.permissions import Scope
from service.cli.database import acting, open_tables
from service.cli.exits import BadInputError, print_json
from service.operations.key_keeping import create_key, withdraw_key
from service.storage.access_records import KeyRecord
from service.storage.keys import list_keys

_DURATION = re.compile(r"([1-9][0-9]{0,4})([dh])")


@click.group("keys")
def command() -> None:
    """Make, list and revoke API keys in the database of HALOWATCH_DATABASE_URL."""


@command.command("create")
@click.option("--name", required=True, help="What the key is called, such as daq-1.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do: post (ingest), read, operate, or everything (admin).",
)
@click.option(
    "--cavity",
    "cavities",
    multiple=True,
    help="The only cavities that it may touch; absent: all.",
)
@click.option(
    "--expires",
    default="365d",
    show_default=True,
    help="When it ends: 90d, 12h, or never.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the token that this file holds instead of a new one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def create(
    *,
    name: str,
    scopes: tuple[str, ...],
    cavities: tuple[str, ...],
    expires: str,
    token_file: Path | None,
    as_json: bool,
) -> None:
    """Make a key and print its token, which is shown this once and kept nowhere."""
    now = SystemClock().now()
    duration = _duration(expires)
    with open_tables() as database, acting(database) as (transaction, actor):
        key, token = create_key(
            transaction,
            name=name,
            scopes=[Scope(scope) for scope in scopes],
            cavities=cavities or None,
            expires_at=None if duration is None else now + duration,
            actor=actor,
            now=now,
            token=None if token_file is None else token_file.read_text().strip(),
        )
    if as_json:
        print_json({**_document(key, now), "token": token})
        return
    click.echo(token)
    click.echo(
        f"key {key.key_id} ({key.name}): {', '.join(key.scopes)}; this token is not "
        "shown again",
        err=True,
    )


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(*, as_json: bool) -> None:
    """List the keys, without their tokens."""
    now = SystemClock().now()
    with open_tables() as database, database.read() as transaction:
        keys = [_document(key, now) for key in list_keys(transaction)]
    if as_json:
        print_json({"keys": keys})
        return
    for key in keys:
        click.echo(
            f"{key['id']}  {key['state']:8} {key['name']:20} "
            f"{','.join(key['scopes']):24} "
            f"cavities {','.join(key['cavities'] or ['all'])}  "
            f"until {key['expires_at'] or 'revoked'}  "
            f"last used {key['last_used_at'] or 'never'}"
        )


@command.command("revoke")
@click.argument("key", metavar="ID|NAME")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def revoke(*, key: str, as_json: bool) -> None:
    """Revoke a key: running services refuse it within three seconds."""
    now = SystemClock().now()
    with open_tables() as database, acting(database) as (transaction, actor):
        withdrawn = withdraw_key(transaction, key, actor=actor, now=now)
    if as_json:
        print_json({"id": withdrawn.key_id, "name": withdrawn.name, "state": "revoked"})
    else:
        click.echo(f"key {withdrawn.key_id} ({withdrawn.name}) is revoked")


def _duration(text: str) -> timedelta | None:
    if text == "never":
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise BadInputError(f"--expires: {text!r} is no time; write 90d, 12h or never")
    count = int(match[1])
    return timedelta(days=count) if match[2] == "d" else timedelta(hours=count)


def _document(key: KeyRecord, now: Any) -> dict[str, Any]:
    def written(moment: Any) -> str | None:
        return None if moment is None else format_time(moment)

    return {
        "id": key.key_id,
        "name": key.name,
        "state": key.state(now),
        "scopes": list(key.scopes),
        "cavities": None if key.cavities is None else list(key.cavities),
        "created_at": written(key.created_at),
        "created_by": key.created_by,
        "expires_at": written(key.expires_at),
        "revoked_at": written(key.revoked_at),
        "last_used_at": written(key.last_used_at),
    }
