"""PostgreSQL's own tools: pg_dump and pg_restore."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from service.errors import BackupError
from service.storage.engine import Database

LONGEST_S = 6 * 3600.0
"""How long a dump or restore may take, in seconds."""


def dump(database: Database, target: Path, snapshot: str) -> None:
    """Write a dump of what a snapshot sees.

    Raises
    ------
    BackupError
        If pg_dump is not there or fails.
    """
    _run(
        database,
        "pg_dump",
        "--format=custom",
        "--compress=0",  # samples do not compress twice
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
        f"--file={target}",
    )


def restore(database: Database, source: Path, *, replace: bool) -> None:
    """Read a dump into the database, all or nothing.

    Raises
    ------
    BackupError
        If there are tables already, somebody uses them, or pg_restore fails.
    """
    with database.read() as transaction:
        others = transaction.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                "current_database() AND pid <> pg_backend_pid() "
                "AND backend_type = 'client backend'"
            )
        ).scalar_one()
        tables = transaction.execute(
            text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
        ).scalar_one()
    if others:
        raise BackupError(
            f"{others} other connections use the database: stop the services and "
            "workers first"
        )
    if tables and not replace:
        raise BackupError(
            f"the database holds {tables} tables: --replace drops them and puts the "
            "backup there"
        )
    database.close()
    _run(
        database,
        "pg_restore",
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        *(("--clean", "--if-exists") if tables else ()),
        str(source),
    )


def read_table(
    database: Database, source: Path, table: str, wanted: Callable[[bytes], bool]
) -> list[dict[str, bytes | None]]:
    """Read rows of one table of a dump; the others go past, one at a time.

    Parameters
    ----------
    wanted
        Tells by the first column of a row.

    Returns
    -------
    list
        Of each row, column to what COPY wrote; empty where there is no such table.

    Raises
    ------
    BackupError
        If pg_restore is not there or fails.
    """
    command = [_program(database, "pg_restore"), "--data-only", f"--table={table}"]
    columns: list[str] = []
    rows: list[dict[str, bytes | None]] = []
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603 - a fixed program, no shell
            [*command, "--file=-", str(source)],
            env={"LC_ALL": "C"},
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"COPY "):
                names = line[line.index(b"(") + 1 : line.index(b")")]
                columns = names.decode().replace(" ", "").split(",")
            elif line == b"\\.\n":
                columns = []
            elif columns and wanted(line[: line.index(b"\t")]):
                cells = line.rstrip(b"\n").split(b"\t")
                values = [None if cell == b"\\N" else cell for cell in cells]
                rows.append(dict(zip(columns, values, strict=True)))
        if process.wait(LONGEST_S):
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise BackupError(f"pg_restore failed: {(said or ['no reason'])[-1]}")
    return rows


def _program(database: Database, tool: str) -> str:
    program = shutil.which(tool, path=database.tools)
    if program is None:
        raise BackupError(
            f"{tool} is not here: install PostgreSQL's client of the server's version, "
            "or name its folder in HALOWATCH_POSTGRESQL_TOOLS"
        )
    return program


def _run(database: Database, tool: str, *arguments: str) -> None:
    program = _program(database, tool)
    # The password must not stand in the list of processes; set() would leave it.
    url = database.url.set(drivername="postgresql")._replace(password=None)
    environment = {"LC_ALL": "C", "PGPASSWORD": str(database.url.password or "")}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell
            [program, f"--dbname={url.render_as_string()}", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackupError(f"{tool} failed ({error})") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise BackupError(f"{tool} failed: {lines[-1]}")
