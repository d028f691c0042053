"""Bad usage of serve, worker and db ends with one line and status 2."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from service.cli import main
from service.config import child_environment


@pytest.fixture
def runner(tmp_path, monkeypatch) -> CliRunner:
    monkeypatch.setenv("HALOWATCH_HOME", str(tmp_path))
    return CliRunner()


@pytest.mark.parametrize(
    ("arguments", "variables", "named"),
    [
        (["serve", "--host", "0.0.0.0"], {}, "--host 0.0.0.0"),
        (["serve", "--host", "example.org"], {}, "--host example.org"),
        (["serve"], {"HALOWATCH_API_KEYS": "maybe"}, "HALOWATCH_API_KEYS"),
        (["serve"], {"HALOWATCH_LEASE_S": "x"}, "HALOWATCH_LEASE_S"),
        (["serve", "--database-url", "mysql://h/d"], {}, "HALOWATCH_DATABASE_URL"),
        (["serve"], {"HALOWATCH_MIGRATIONS": "/nowhere"}, "HALOWATCH_MIGRATIONS"),
        (["serve"], {"HALOWATCH_MODEL": "/nowhere"}, "HALOWATCH_MODEL"),
        (["serve"], {"HALOWATCH_MODLE": "/nowhere"}, "mean HALOWATCH_MODEL?"),
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


@pytest.mark.parametrize("content", [None, "{}", "not JSON"])
def test_serve_refuses_a_folder_that_is_no_model(
    runner, monkeypatch, tmp_path, content
):
    folder = tmp_path / "model"
    folder.mkdir()
    if content is not None:
        (folder / "manifest.json").write_text(content)
    monkeypatch.setenv("HALOWATCH_MODEL", str(folder))
    result = runner.invoke(main, ["serve"])
    assert result.exit_code == 2
    assert f"HALOWATCH_MODEL {folder}" in result.stderr
    assert "name one that halowatch train wrote" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_worker_without_a_usable_model_ends_in_one_sentence(tmp_path):
    environment = child_environment(home=tmp_path, model=tmp_path)
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "service.cli", "worker", "diagnose"),
            "--until-stdin-closes",
        ],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    # Nothing is written: the lifeline stays open while the worker fails.
    status = worker.wait(50)
    assert worker.stdin is not None
    assert worker.stderr is not None
    words = worker.stderr.read()
    worker.stdin.close()
    worker.stderr.close()
    assert status == 1
    assert words.startswith("halowatch: HALOWATCH_MODEL")
    assert len(words.strip().splitlines()) == 1


def test_db_upgrade_then_check(runner):
    failed = runner.invoke(main, ["db", "check"])
    assert failed.exit_code == 2
    assert "halowatch db upgrade" in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
    assert runner.invoke(main, ["db", "upgrade"]).exit_code == 0
    checked = runner.invoke(main, ["db", "check", "--json"])
    assert checked.exit_code == 0
    assert '"ok": true' in checked.stdout


def test_an_unreachable_postgresql_fails_with_one_line(runner, monkeypatch):
    url = "postgresql://nobody@127.0.0.1:1/none"
    result = runner.invoke(main, ["serve", "--database-url", url])
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
