"""``halowatch spool`` shows dead letters, puts them back, and forgets them."""

import contextlib
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from instruments.client import Spool
from instruments.clock import SystemClock
from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.bodies import unpack_body
from instruments.measurement.message import decode_sweep
from service.cli import main


def make_sweep(number):
    return Sweep(
        cavity="cavity-1",
        measured_at=datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=number),
        purpose=SweepPurpose.WIDE,
        frequency_hz=np.linspace(4e9, 8e9, 3),
        traces={"S21": np.full(3, number + 1j, np.complex64)},
    )


def opened(folder):
    return contextlib.closing(
        Spool(folder, max_bytes=10**7, clock=SystemClock()),
    )


@pytest.fixture
def folder(tmp_path):
    """A spool with one sweep that waits and three dead letters."""
    with opened(tmp_path) as spool:
        for number in range(4):
            spool.put(make_sweep(number))
        for spooled in spool.next_batch(max_count=3):
            spool.reject(spooled, f"reason of {spooled.row_number}")
    return tmp_path


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["spool", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_list_tells_what_waits_and_why_the_rest_does_not(folder):
    text = run("list", folder)
    assert text.startswith("1 sweeps wait, ")
    assert "3 dead letters" in text
    assert "reason of 2" in text
    document = json.loads(run("list", folder, "--json", "--limit", 2))
    assert document["depth"] == 1
    assert document["dead_letter_count"] == 3
    assert [letter["number"] for letter in document["dead_letters"]] == [3, 2]
    assert document["dead_letters"][0]["reason"] == "reason of 3"


def test_retried_letters_wait_at_the_end(folder):
    assert run("retry", folder, 2) == "1 dead letters wait again\n"
    assert json.loads(run("retry", folder, "--all", "--json")) == {"retried": 2}
    with opened(folder) as spool:
        keys = [spooled.key for spooled in spool.next_batch()]
        assert keys == [make_sweep(number).key() for number in (3, 1, 0, 2)]
        state = spool.state()
        assert (state.dead_letter_count, state.rejected_total) == (0, 0)
        assert state.enqueued_total == 4


def test_dropped_letters_are_gone(folder):
    assert json.loads(run("drop", folder, 1, 3, "--json")) == {"dropped": 2}
    document = json.loads(run("list", folder, "--json"))
    assert [letter["number"] for letter in document["dead_letters"]] == [2]
    assert run("drop", folder, "--all") == "1 dead letters forgotten\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["retry"], "name the numbers of dead letters, or --all"),
        (["drop", 1, "--all"], "name the numbers of dead letters, or --all"),
        (["drop", 9], "there is no dead letter 9; halowatch spool list"),
    ],
)
def test_bad_usage_is_one_line(folder, arguments, words):
    name, *rest = arguments
    assert words in run(name, folder, *rest, code=2)


def test_a_folder_without_a_spool_is_not_made_one(tmp_path):
    assert "there is no spool in" in run("list", tmp_path / "x", code=2)
    assert not (tmp_path / "x").exists()


def test_a_running_poller_keeps_its_spool(folder):
    with opened(folder):
        assert "is in use by another poller" in run("list", folder, code=1)


def test_save_writes_each_dead_letter_with_its_reason_and_keeps_them(folder, tmp_path):
    out = tmp_path / "letters"
    assert json.loads(run("save", folder, out, "--json")) == {"saved": 3}
    names = sorted(path.name for path in out.iterdir())
    assert names[:2] == ["00000001.json", "00000001.msgpack"]
    assert len(names) == 6
    letter = json.loads((out / "00000002.json").read_text())
    assert letter["reason"] == "reason of 2"
    (message,) = unpack_body((out / "00000002.msgpack").read_bytes())
    assert decode_sweep(message) == make_sweep(1)
    assert json.loads(run("list", folder, "--json"))["dead_letter_count"] == 3
