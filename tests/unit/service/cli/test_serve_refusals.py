"""Bad usage of serve, worker and db ends with one line and status 2."""

import pytest
from click.testing import CliRunner

from service.cli import main


@pytest.fixture
def runner(tmp_path, monkeypatch) -> CliRunner:
    monkeypatch.setenv("HALOWATCH_HOME", str(tmp_path))
    return CliRunner()


@pytest.mark.parametrize(
    ("arguments", "variables", "named"),
    [
        (["serve", "--host", "0.0.0.0"], {}, "--host 0.0.0.0"),
        (["serve", "--host", "example.org"], {}, "--host example.org"),
        (["serve"], {"HALOWATCH_API_KEYS": "required"}, "HALOWATCH_API_KEYS"),
        (["serve"], {"HALOWATCH_LEASE_S": "x"}, "HALOWATCH_LEASE_S"),
        (["serve", "--database-url", "mysql://h/d"], {}, "HALOWATCH_DATABASE_URL"),
        (["serve"], {"HALOWATCH_MIGRATIONS": "/nowhere"}, "HALOWATCH_MIGRATIONS"),
        (["serve"], {"HALOWATCH_MODEL": "/nowhere"}, "HALOWATCH_MODEL"),
        (["worker", "alert"], {"HALOWATCH_CHANNELS": "x"}, "HALOWATCH_CHANNELS"),
        (["worker", "alert"], {"HALOWATCH_DATABASE_URL": "x"}, "HALOWATCH_DATABASE"),
        (["db", "upgrade"], {"HALOWATCH_DATABASE_URL": "x"}, "HALOWATCH_DATABASE"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    runner, monkeypatch, arguments, variables, named
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = runner.invoke(main, arguments)
    assert result.exit_code == 2
    assert named in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_db_upgrade_then_check(runner):
    failed = runner.invoke(main, ["db", "check"])
    assert failed.exit_code == 1
    assert runner.invoke(main, ["db", "upgrade"]).exit_code == 0
    checked = runner.invoke(main, ["db", "check", "--json"])
    assert checked.exit_code == 0
    assert '"ok": true' in checked.stdout


def test_an_unreachable_postgresql_fails_with_one_line(runner, monkeypatch):
    url = "postgresql://nobody@127.0.0.1:1/none"
    result = runner.invoke(main, ["serve", "--database-url", url])
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
