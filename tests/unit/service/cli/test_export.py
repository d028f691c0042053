"""``halowatch export``: one line for whatever is wrong, and nothing written."""

import pytest
from click.testing import CliRunner

from service.cli.export import command
from service.storage.engine import Database
from service.storage.migration import upgrade


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HALOWATCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HALOWATCH_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def empty(home):
    database = Database(f"sqlite:///{home / 'halowatch.sqlite'}")
    upgrade(database)
    database.close()


def run(*arguments: object):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_without_a_database_it_says_so(home, tmp_path):
    done = run(tmp_path / "out", "--format", "csv")
    assert done.exit_code == 2
    assert "there is no database at" in done.stderr


def test_a_time_without_a_zone_is_refused(empty, tmp_path):
    done = run(tmp_path / "out", "--format", "csv", "--from", "2026-01-01")
    assert done.exit_code == 2
    assert done.stderr.startswith("halowatch: --from: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["out", "out.csv"])
@pytest.mark.parametrize("what", ["sweeps", "diagnoses", "readings"])
def test_nothing_that_matches_writes_nothing(empty, tmp_path, name, what):
    done = run(tmp_path / name, "--format", "csv", "--what", what)
    assert done.exit_code == 0, done.output
    assert done.output == f"no {what} match; nothing was written\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_touchstone_holds_no_table(empty, tmp_path):
    done = run(tmp_path / "out", "--format", "touchstone", "--what", "readings")
    assert done.exit_code == 2
    assert "parquet or csv" in done.stderr


def test_what_a_file_ends_in_tells_its_format(empty, tmp_path):
    done = run(tmp_path / "out.parquet", "--json")
    assert done.exit_code == 0, done.output
    for arguments, told in (
        ([tmp_path / "out"], "tells none; name touchstone, parquet"),
        ([tmp_path / "out.csv", "--format", "npz"], "ends as csv does and would hold"),
    ):
        refused = run(*arguments)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("halowatch: --format: ")
        assert told in refused.stderr
        assert refused.stderr.count("\n") == 1
