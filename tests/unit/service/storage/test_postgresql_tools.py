"""How PostgreSQL's own tools are called."""

from pathlib import Path

from service.storage.engine import Database
from service.storage.postgresql_tools import dump

_RECORDER = '#!/bin/sh\n{ echo "$PGPASSWORD"; printf "%s\\n" "$@"; } > "$0.called"\n'


def test_the_password_goes_by_the_environment_and_every_server_is_named(tmp_path: Path):
    tool = tmp_path / "pg_dump"
    tool.write_text(_RECORDER)
    tool.chmod(0o755)
    url = "postgresql://u:se%2Fcret@/halowatch?host=db1:5432&host=db2:5433"
    database = Database(url, tools=str(tmp_path))
    dump(database, tmp_path / "out", "00000003-1")
    database.close()
    password, address, *_ = (tmp_path / "pg_dump.called").read_text().splitlines()
    assert password == "se/cret"
    assert address == (
        "--dbname=postgresql://u@/halowatch?host=db1%2Cdb2&port=5432%2C5433"
    )
