"""Logs: JSON lines, and no flood of one event."""

import json
import logging
import subprocess
import sys

import pytest
import structlog

from service.logging import REPEATS, WINDOW_S, RepeatGuard, configure_logging


@pytest.fixture
def written(clock):
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keep()
    handler.addFilter(RepeatGuard(clock.monotonic_s))
    logger = logging.getLogger("halowatch-test")
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, records
    logger.removeHandler(handler)


def test_a_flood_is_counted_not_written(written, clock):
    logger, records = written
    for number in range(10 * REPEATS):
        logger.warning("the disk of %s is full", number)
    logger.warning("something else")
    assert len(records) == REPEATS + 1
    clock.step(WINDOW_S)
    logger.warning("the disk of %s is full", "x")
    assert records[-1].getMessage() == (
        f"the disk of x is full ({9 * REPEATS} more were not written)"
    )


def test_structured_records_say_how_many_were_left_out(written, clock):
    logger, records = written
    for number in range(REPEATS + 5):
        logger.error({"event": "judging_failed", "sweep_id": str(number)})
    clock.step(WINDOW_S)
    logger.error({"event": "judging_failed", "sweep_id": "last"})
    assert records[-1].msg == {
        "event": "judging_failed",
        "sweep_id": "last",
        "suppressed": 5,
    }


def test_many_different_events_do_not_grow_the_guard(clock):
    guard = RepeatGuard(clock.monotonic_s)
    for number in range(5000):
        record = logging.LogRecord("x", 30, "", 0, f"event {number}", (), None)
        assert guard.filter(record)
    assert len(guard._seen) <= 1024


def test_a_record_is_one_json_line_with_its_sweep(capsys):
    root = logging.getLogger()
    before = root.handlers[:], root.level
    defaults = structlog.get_config()
    try:
        configure_logging("INFO", process="api")
        structlog.get_logger("service.test").warning("judging_failed", sweep_id="s-1")
        line = capsys.readouterr().err.strip()
    finally:
        root.handlers[:], root.level = before
        structlog.configure(**defaults)
        structlog.contextvars.clear_contextvars()
    document = json.loads(line)
    assert document["event"] == "judging_failed"
    assert document["sweep_id"] == "s-1"
    assert document["process"] == "api"
    assert document["level"] == "warning"


def test_a_traceback_tells_no_value_of_a_variable():
    program = """
import structlog
from service.logging import configure_logging
configure_logging("INFO", process="api")
def fail():
    secret = "hw_" + "0123456789" * 4
    raise ValueError("it broke")
try:
    fail()
except ValueError as error:
    structlog.get_logger("x").error("request_failed", exc_info=error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    (record,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert record["exception"][0]["exc_value"] == "it broke"
    assert "fail" in done.stderr
    assert "hw_0123" not in done.stderr
