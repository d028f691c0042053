"""``halowatch ingest``: measured files into the running service."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from instruments.client import RejectedError, SweepClient, SweepResult, TryAgainError
from instruments.clock import Clock, SystemClock
from instruments.errors import ForeignFileError
from instruments.files.opening import MeasuredFile, open_measured_file
from instruments.measurement import MeasurementError, Sweep, SweepPurpose
from instruments.measurement.limits import MAX_SWEEPS_PER_BODY
from service.cli.exits import (
    BadInputError,
    CommandFailedError,
    check_url,
    print_json,
)
from service.config import read_key
from service.config_values import ConfigError

BATCH_BYTES = 8_000_000
"""Samples in one POST, so that one batch is far below the body limit."""

MAX_TRIES = 8
"""Tries of one POST; the waits in between add up to about two minutes."""

LONGEST_WAIT_S = 30.0

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How the sweeps of the files are to be named.

    Attributes
    ----------
    cavity
        Name that replaces the file's own; None keeps an archive's.
    purpose
        What the sweeps were for; None guesses from their span.
    """

    cavity: str | None
    purpose: SweepPurpose | None


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--cavity", help="Cavity of the sweeps; absent: the names in the archive."
)
@click.option(
    "--register", is_flag=True, help="Register the cavities that are not known yet."
)
@click.option(
    "--purpose",
    type=click.Choice(["auto", *(purpose.value for purpose in SweepPurpose)]),
    default="auto",
    show_default=True,
    help="What the sweeps were for; auto tells narrow from wide by the span.",
)
@click.option(
    "--url",
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Root of the running service.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON only.")
def command(
    *,
    files: tuple[Path, ...],
    cavity: str | None,
    register: bool,
    purpose: str,
    url: str,
    as_json: bool,
) -> None:
    """Post measured FILES: Touchstone (.s1p to .s4p), .npz, .parquet, tables (.txt).

    Run it again after an interruption: what is stored already is recognised as a
    duplicate, so every sweep is there once. Traces that an archive (.npz) marks as
    missing are left out; an export (.parquet) gives sweeps back as they were stored.
    """
    check_url(url)
    intake = Intake(
        cavity=cavity, purpose=None if purpose == "auto" else SweepPurpose(purpose)
    )
    opened = [(path, _open(path)) for path in files]
    counts: Counter[str] = Counter(accepted=0, duplicate=0, rejected=0)
    errors: list[str] = []
    clock = SystemClock()
    with SweepClient(url, key=_key()) as client:
        for path, measured in opened:
            if register:
                _register(client, measured, intake, clock)
            for results in _post(
                client, path, measured, intake, clock=clock, quiet=as_json
            ):
                counts.update(result.status for result in results)
                errors += [result.error for result in results if result.error]
    if as_json:
        print_json({**counts, "errors": sorted(set(errors))})
    else:
        click.echo(", ".join(f"{count} {status}" for status, count in counts.items()))
    if rejected := counts["rejected"]:
        were = "sweep was" if rejected == 1 else "sweeps were"
        mend = "; --register does so" if "is not registered" in errors[0] else ""
        raise BadInputError(f"{rejected} {were} rejected: {errors[0]}{mend}")


def _key() -> str | None:
    try:
        return read_key()
    except ConfigError as error:
        raise BadInputError(str(error)) from None


def _open(path: Path) -> MeasuredFile:
    try:
        return open_measured_file(path)
    except ForeignFileError as error:
        raise BadInputError(str(error)) from None


def _sweeps(path: Path, measured: MeasuredFile, intake: Intake) -> Iterator[Sweep]:
    # A table or Touchstone file has no time of its own; its file's is the same at every
    # try, so that a repeated run is recognised.
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    for index in range(measured.sweep_count):
        try:
            yield measured.sweep(
                index,
                measured_at=written_at,
                cavity=intake.cavity,
                purpose=intake.purpose,
            )
        except ForeignFileError as error:
            raise BadInputError(str(error)) from None
        except MeasurementError as error:
            raise BadInputError(
                f"{path}: sweep {index}: {error}"
                + ("; name one with --cavity" if error.field == "cavity" else "")
            ) from None


def _register(
    client: SweepClient, measured: MeasuredFile, intake: Intake, clock: Clock
) -> None:
    try:
        named = [intake.cavity] if intake.cavity else measured.cavities()
    except ForeignFileError as error:
        raise BadInputError(str(error)) from None
    for name in named:
        patiently(clock, partial(client.put_cavity, name, {}))


def _post(
    client: SweepClient,
    path: Path,
    measured: MeasuredFile,
    intake: Intake,
    *,
    clock: Clock,
    quiet: bool,
) -> Iterator[list[SweepResult]]:
    with click.progressbar(
        length=measured.sweep_count, label=path.name, hidden=quiet, file=None
    ) as progress:
        for batch in _batched(_sweeps(path, measured, intake)):
            yield patiently(clock, partial(client.post_sweeps, batch))
            progress.update(len(batch))


def _batched(sweeps: Iterator[Sweep]) -> Iterator[list[Sweep]]:
    batch: list[Sweep] = []
    size_bytes = 0
    for sweep in sweeps:
        traces = sum(trace.nbytes for trace in sweep.traces.values())
        sweep_bytes = sweep.frequency_hz.nbytes + traces
        is_full = size_bytes + sweep_bytes > BATCH_BYTES
        if batch and (is_full or len(batch) == MAX_SWEEPS_PER_BODY):
            yield batch
            batch, size_bytes = [], 0
        batch.append(sweep)
        size_bytes += sweep_bytes
    if batch:
        yield batch


def patiently(clock: Clock, call: Callable[[], _Answer]) -> _Answer:
    """Call until the service takes it; tells of every wait.

    Raises
    ------
    BadInputError
        If it never will.
    CommandFailedError
        If it stays away.
    """
    wait_s = 1.0
    for attempt in range(1, MAX_TRIES + 1):
        try:
            return call()
        except RejectedError as error:
            raise BadInputError(str(error)) from None
        except TryAgainError as error:
            if attempt == MAX_TRIES:
                raise CommandFailedError(
                    f"{error}; run the same command again to go on"
                ) from None
            pause_s = min(error.retry_after_s or wait_s, LONGEST_WAIT_S)
            click.echo(
                f"halowatch: {error}; try {attempt + 1} of {MAX_TRIES} in "
                f"{pause_s:.0f} s, Ctrl-C ends it",
                err=True,
            )
            clock.sleep(pause_s)
            wait_s *= 2.0
    raise AssertionError("the last try returns or raises")
