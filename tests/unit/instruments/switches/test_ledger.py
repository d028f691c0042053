"""Counts of moves survive restarts, spoiled files and full disks."""

import json

import pytest

from instruments.switches.ledger import ActuationLedger


def test_counts_are_on_disk_before_anything_moves(tmp_path):
    path = tmp_path / "spool" / "actuations.json"
    ledger = ActuationLedger(path)
    ledger.add([("matrix", "A"), ("matrix", "B")])
    ledger.add([("matrix", "A")])
    assert json.loads(path.read_text()) == {"matrix": {"A": 2, "B": 1}}
    assert ActuationLedger(path).count("matrix", "A") == 2
    assert not list(path.parent.glob("*.part"))


@pytest.mark.parametrize("text", ["", "[]", '{"m": 3}', '{"m": {"A": -1}}', "\0"])
def test_spoiled_file_is_set_aside_and_told(text, tmp_path, caplog):
    path = tmp_path / "actuations.json"
    path.write_text(text)
    ledger = ActuationLedger(path)
    assert ledger.count("m", "A") == 0
    ledger.add([("m", "A")])
    assert "counting from 0" in caplog.text
    assert path.with_name("actuations.json.unreadable").read_text() == text
    assert ActuationLedger(path).count("m", "A") == 1


def test_disk_that_refuses_costs_no_count(tmp_path):
    path = tmp_path / "actuations.json"
    path.with_name("actuations.json.part").mkdir()
    ledger = ActuationLedger(path)
    ledger.add([("m", "A")])
    assert "cannot be written" in str(ledger.last_error)
    path.with_name("actuations.json.part").rmdir()
    ledger.add([("m", "A")])
    assert ledger.last_error is None
    assert ActuationLedger(path).count("m", "A") == 2
