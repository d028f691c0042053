"""Attempts are written before they begin, bounded, and read back whole."""

import os

import pytest

from instruments.polling.sweeping.attempts import (
    Attempt,
    AttemptLog,
    AttemptOutcome,
    read_attempts,
)


def attempt(key="1", vna="vna-1"):
    return Attempt(key=key, vna=vna, cavity="c", sweep_name="wide")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "attempts.jsonl"


def test_outcomes_are_read_back_and_an_open_attempt_stays_open(path, clock):
    log = AttemptLog(path, max_bytes=10_000, clock=clock)
    for key in "1234":
        log.begin(attempt(key))
    log.end(attempt("1"), AttemptOutcome.STORED)
    log.end(attempt("2"), AttemptOutcome.FAILED, "not_finite")
    log.end(attempt("3"), AttemptOutcome.INTERRUPTED, "rf_silence")
    log.close()
    found = read_attempts(path)
    assert [one.outcome for one in found.values()] == [
        AttemptOutcome.STORED,
        AttemptOutcome.FAILED,
        AttemptOutcome.INTERRUPTED,
        None,
    ]
    assert found["2"].reason == "not_finite"
    assert log.begun_count == 4
    assert log.count(AttemptOutcome.FAILED) == 1
    assert log.failures_of("vna-1") == {"not_finite": 1}
    assert log.failures_of("vna-2") == {}


def test_file_goes_on_after_a_restart_and_turns_over_when_it_is_full(path, clock):
    for number in range(40):
        log = AttemptLog(path, max_bytes=2_000, clock=clock)
        log.begin(attempt(str(number)))
        log.end(attempt(str(number)), AttemptOutcome.STORED)
        log.close()
    older = path.with_name("attempts.jsonl.older")
    assert path.stat().st_size <= 2_000
    assert older.stat().st_size <= 2_000
    found = list(read_attempts(path))
    assert found[-1] == "39"
    assert found == [str(number) for number in range(int(found[0]), 40)]


def test_full_disk_costs_lines_and_no_sweep(path, clock):
    log = AttemptLog(path, max_bytes=10_000, clock=clock)
    os.close(log._file)
    log._file = os.open("/dev/full", os.O_WRONLY)
    log.begin(attempt())
    log.end(attempt(), AttemptOutcome.STORED)
    assert log.lost_line_count == 2
    assert log.count(AttemptOutcome.STORED) == 1
    log.close()


def test_half_a_line_of_a_power_cut_is_passed_over(path, clock):
    log = AttemptLog(path, max_bytes=10_000, clock=clock)
    log.begin(attempt())
    log.close()
    with path.open("ab") as file:
        file.write(b'{"begin": "2", "vna"')
    log = AttemptLog(path, max_bytes=10_000, clock=clock)
    log.begin(attempt("3"))
    log.close()
    assert list(read_attempts(path)) == ["1", "3"]
