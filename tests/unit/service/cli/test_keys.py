"""``halowatch keys``: made once, listed without secrets, revoked."""

import json

import pytest
from click.testing import CliRunner

from service.access.tokens import is_key, mint_key
from service.cli import main


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("HALOWATCH_HOME", str(tmp_path))
    runner = CliRunner()
    return lambda *arguments: runner.invoke(main, ["keys", *arguments])


def test_a_key_is_shown_once(run):
    made = run("create", "--name", "daq-1", "--scope", "ingest", "--cavity", "c1")
    assert made.exit_code == 0, made.stderr
    token = made.stdout.strip()
    assert is_key(token)
    listed = run("list")
    assert "daq-1" in listed.stdout
    assert token not in listed.stdout
    (key,) = json.loads(run("list", "--json").stdout)["keys"]
    assert key["state"] == "active"
    assert key["scopes"] == ["ingest"]
    assert key["cavities"] == ["c1"]
    assert key["created_by"].startswith("command:")
    assert key["expires_at"] is not None


def test_a_revoked_name_is_free_again(run):
    document = json.loads(
        run("create", "--name", "daq", "--scope", "read", "--json").stdout
    )
    assert is_key(document["token"])
    again = run("create", "--name", "daq", "--scope", "read")
    assert again.exit_code == 2
    assert "revoke" in again.stderr
    assert run("revoke", document["id"]).exit_code == 0
    assert run("create", "--name", "daq", "--scope", "read").exit_code == 0
    states = [key["state"] for key in json.loads(run("list", "--json").stdout)["keys"]]
    assert sorted(states) == ["active", "revoked"]
    assert run("revoke", "daq").exit_code == 0
    gone = run("revoke", "daq")
    assert gone.exit_code == 2
    assert "keys list" in gone.stderr


def test_a_token_from_a_file_is_taken(run, tmp_path):
    token = mint_key()
    file = tmp_path / "token"
    file.write_text(token + "\n")
    options = ("--scope", "ingest", "--token-file", str(file))
    assert run("create", "--name", "a", *options).stdout.strip() == token
    twice = run("create", "--name", "b", *options)
    assert twice.exit_code == 2
    assert "is a key already" in twice.stderr
    file.write_text("hunter2")
    assert run("create", "--name", "c", *options).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--name", "-x", "--scope", "read"], "name"),
        (["--name", "x", "--scope", "write"], "--scope"),
        (["--name", "x"], "--scope"),
        (["--name", "x", "--scope", "read", "--expires", "soon"], "--expires"),
        (["--name", "x", "--scope", "read", "--cavity", "../x"], "cavity"),
        (["--name", "x", "--scope", "admin", "--cavity", "c1"], "whole array"),
    ],
)
def test_a_wrong_key_is_refused(run, arguments, named):
    refused = run("create", *arguments)
    assert refused.exit_code == 2
    assert named in refused.stderr
