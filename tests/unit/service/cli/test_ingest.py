"""Posting files: patience with a service that is away, one line for the rest."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from instruments.client import RejectedError, TryAgainError
from instruments.files.archive import LabelledArchive, write_archive
from service.cli.exits import BadInputError, CommandFailedError
from service.cli.ingest import LONGEST_WAIT_S, MAX_TRIES, command, patiently


class Flaky:
    """A call that fails so many times before it works."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures = failures
        self.error = error
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "done"


def test_a_service_that_comes_back_is_waited_for_and_every_wait_is_told(
    clock, capsys
) -> None:
    call = Flaky(3, TryAgainError("503: busy"))
    assert patiently(clock, call) == "done"
    assert clock.elapsed_s == pytest.approx(1 + 2 + 4)
    told = capsys.readouterr()
    assert told.out == ""
    first, _, third = told.err.splitlines()
    assert first == "halowatch: 503: busy; try 2 of 8 in 1 s, Ctrl-C ends it"
    assert "try 4 of 8 in 4 s" in third


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://h", "http://"])
def test_an_address_that_is_no_root_of_a_service_is_refused(
    archive_file: Path, url: str
) -> None:
    run = CliRunner().invoke(command, [str(archive_file), "--url", url])
    assert run.exit_code == 2
    assert run.stderr == f"halowatch: --url: {url} is no http://HOST:PORT\n"


def test_the_service_says_how_long_to_wait_within_bounds(clock) -> None:
    patiently(clock, Flaky(1, TryAgainError("503", retry_after_s=7.0)))
    assert clock.elapsed_s == pytest.approx(7.0)
    patiently(clock, Flaky(1, TryAgainError("503", retry_after_s=1e6)))
    assert clock.elapsed_s == pytest.approx(7.0 + LONGEST_WAIT_S)


def test_a_service_that_stays_away_ends_it_with_what_to_do(clock) -> None:
    call = Flaky(MAX_TRIES, TryAgainError("no answer"))
    with pytest.raises(CommandFailedError, match="run the same command again"):
        patiently(clock, call)
    assert call.calls == MAX_TRIES


def test_a_refusal_is_not_repeated(clock) -> None:
    call = Flaky(MAX_TRIES, RejectedError("413: too large", 413))
    with pytest.raises(BadInputError, match="too large"):
        patiently(clock, call)
    assert call.calls == 1


@pytest.fixture
def archive_file(tmp_path: Path) -> Path:
    path = tmp_path / "nameless.npz"
    write_archive(
        path,
        LabelledArchive(
            frequency_hz=np.linspace(4e9, 8e9, 5),
            s=np.ones((2, 1, 5), dtype=np.complex64),
            s_parameters=("S21",),
            cavity=np.array(["no name", "no name"]),
            thermal_cycle=np.array(["a", "a"]),
            measured_at=np.array([1.0, 2.0]),
            is_reference=np.array([True, False]),
        ),
    )
    return path


def test_a_name_that_no_cavity_has_asks_for_one(archive_file: Path) -> None:
    run = CliRunner().invoke(
        command, [str(archive_file), "--url", "http://127.0.0.1:1"]
    )
    assert run.exit_code == 2
    assert "name one with --cavity" in run.output


@pytest.mark.parametrize("name", ["notes.txt", "sweep.s5p", "sweep.npz"])
def test_a_file_that_is_no_measurement_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"hello\n")
    run = CliRunner().invoke(command, [str(path), "--cavity", "bench"])
    assert run.exit_code == 2
    assert name in run.output
    assert run.output.count("\n") == 1
