"""``halowatch spool``: what waits at a poller, and what was set aside."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from instruments.client import DeadLetter, Spool, SpoolError
from instruments.clock import SystemClock
from service.cli.exits import BadInputError, CommandFailedError, print_json

_MOST = 1_000_000

_DIRECTORY = click.argument("directory", type=click.Path(path_type=Path))
_NUMBERS = click.argument("numbers", type=click.IntRange(min=1), nargs=-1)
_ALL = click.option("--all", "take_all", is_flag=True, help="Take every dead letter.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group("spool")
def command() -> None:
    """Look at a poller's spool, and at the sweeps that the service would not take.

    DIRECTORY is spool.directory of the array file. The poller must not be running: a
    spool has one owner.
    """


@command.command("list")
@_DIRECTORY
@click.option(
    "--limit",
    type=click.IntRange(1, _MOST),
    default=100,
    show_default=True,
    help="Most dead letters to list, newest first.",
)
@_JSON
def list_letters(directory: Path, *, limit: int, as_json: bool) -> None:
    """Tell how many sweeps wait, and list the dead letters with their reasons."""
    with _open(directory) as spool:
        state, letters = spool.state(), spool.dead_letters(limit=limit)
    if as_json:
        print_json(
            {
                "depth": state.depth,
                "depth_bytes": state.depth_bytes,
                "oldest_age_s": state.oldest_age_s,
                "dead_letter_count": state.dead_letter_count,
                "dead_letters": [_letter_json(letter) for letter in letters],
            }
        )
        return
    age = "" if state.oldest_age_s is None else f", oldest {state.oldest_age_s:.0f} s"
    click.echo(f"{state.depth} sweeps wait, {state.depth_bytes} bytes{age}")
    click.echo(f"{state.dead_letter_count} dead letters")
    for letter in letters:
        click.echo(
            f"{letter.number:>6}  {_moment(letter)}  {letter.size_bytes} bytes  "
            f"{letter.key[:16]}  {letter.reason}"
        )


@command.command("retry")
@_DIRECTORY
@_NUMBERS
@_ALL
@_JSON
def retry(
    directory: Path, numbers: tuple[int, ...], *, take_all: bool, as_json: bool
) -> None:
    """Let dead letters wait again, behind what waits already."""
    with _open(directory) as spool:
        count = spool.retry(_chosen(spool, numbers, take_all=take_all))
    _report({"retried": count}, f"{count} dead letters wait again", as_json=as_json)


@command.command("drop")
@_DIRECTORY
@_NUMBERS
@_ALL
@_JSON
def drop(
    directory: Path, numbers: tuple[int, ...], *, take_all: bool, as_json: bool
) -> None:
    """Forget dead letters for good."""
    with _open(directory) as spool:
        count = spool.drop(_chosen(spool, numbers, take_all=take_all))
    _report({"dropped": count}, f"{count} dead letters forgotten", as_json=as_json)


@command.command("save")
@_DIRECTORY
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_JSON
def save(directory: Path, folder: Path, *, as_json: bool) -> None:
    """Write every dead letter into FOLDER: its message, and the reason beside it.

    They stay in the spool. A message can be posted as it is, with the content type
    application/vnd.halowatch.sweep+msgpack.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _open(directory) as spool:
        letters = spool.dead_letters(limit=_MOST)
        for letter in letters:
            stem = folder / f"{letter.number:08}"
            stem.with_suffix(".msgpack").write_bytes(
                spool.message_of(letter.number) or b""
            )
            reason = json.dumps(_letter_json(letter), indent=2)
            stem.with_suffix(".json").write_text(f"{reason}\n", encoding="utf-8")
    count = len(letters)
    _report({"saved": count}, f"{count} dead letters in {folder}", as_json=as_json)


@contextlib.contextmanager
def _open(directory: Path) -> Iterator[Spool]:
    if not (directory / "spool.sqlite3").is_file():
        raise BadInputError(
            f"there is no spool in {directory}: name spool.directory of the array file"
        )
    try:
        spool = Spool(directory, max_bytes=sys.maxsize, clock=SystemClock())
        with contextlib.closing(spool):
            yield spool
    except SpoolError as error:
        raise CommandFailedError(str(error)) from None


def _chosen(
    spool: Spool, numbers: Sequence[int], *, take_all: bool
) -> Sequence[int] | None:
    if take_all == bool(numbers):
        raise BadInputError("name the numbers of dead letters, or --all")
    if take_all:
        return None
    known = {letter.number for letter in spool.dead_letters(limit=_MOST)}
    unknown = sorted(set(numbers) - known)
    if unknown:
        raise BadInputError(
            f"there is no dead letter {unknown[0]}; halowatch spool list shows them"
        )
    return numbers


def _report(document: dict[str, int], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo(sentence)


def _letter_json(letter: DeadLetter) -> dict[str, object]:
    return {
        "number": letter.number,
        "key": letter.key,
        "reason": letter.reason,
        "size_bytes": letter.size_bytes,
        "rejected_at": _moment(letter),
    }


def _moment(letter: DeadLetter) -> str:
    moment = datetime.fromtimestamp(letter.rejected_at_s, tz=UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
