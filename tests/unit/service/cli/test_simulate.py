import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from instruments.array import load_array
from instruments.files.archive import read_archive
from service.cli.simulate import command

ARRAY = """\
schema_version: 1
array: {name: bench}
instruments:
  vna:
    vna-1: {resource: "TCPIP::127.0.0.1::hislip0,0::INSTR"}
  sensor:
    thermometer:
      driver: lakeshore_372
      resource: "TCPIP::127.0.0.1::0::SOCKET"
      readings: {"5": receiver_temperature_k}
sweeps:
  wide:
    purpose: wide
    s_parameters: [S21]
    start_frequency_hz: 4.0e9
    stop_frequency_hz: 8.0e9
    point_count: 51
schedule: {wide: {period_s: 60}}
cavities:
  cavity-1:
    vna: vna-1
    expected: {resonant_frequency_hz: 5.1e9, loaded_q: 8000, coupling_beta: 1.5}
"""


@pytest.fixture
def array_file(tmp_path):
    path = tmp_path / "array.yaml"
    path.write_text(ARRAY)
    return path


def wait_for(path, deadline_s=40.0):
    end_s = time.monotonic() + deadline_s
    while not path.exists():
        assert time.monotonic() < end_s, f"{path} did not appear"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_told_to_stop(number, array_file, tmp_path, some_try_within):
    some_try_within(2.0, lambda: time_to_stop_s(number, array_file, tmp_path), tries=10)


def time_to_stop_s(number, array_file, directory):
    """Serve, measure, stop; return how long the stop took."""
    resolved, control = directory / "resolved.yaml", directory / "control.json"
    control.unlink(missing_ok=True)
    arguments = [
        "simulate",
        str(array_file),
        "--speed=20",
        "--instant",
        f"--resolved={resolved}",
        f"--control-file={control}",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[4],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        wait_for(control)
        config = load_array(resolved)
        port = int(config.instruments.sensor["thermometer"].resource.split("::")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=40) as connection:
            connection.sendall(b"RDGK? 5\n")
            assert float(connection.recv(64)) == pytest.approx(4.0, rel=0.1)
        (name,) = (
            one
            for one in json.loads(control.read_text())["resources"]["vna-1"]
            if one.endswith("::SOCKET")
        )
        where = ("127.0.0.1", int(name.split("::")[2]))
        with socket.create_connection(where, timeout=40) as connection:
            # A quarter of an hour at this bandwidth, were it not for --instant.
            connection.sendall(b"SENS1:BWID 1;:SENS1:SWE:POIN 20001;MODE SING;*OPC?\n")
            assert connection.recv(64) == b"+1\n"
            assert json.loads(control.read_text())["speed"] == 20.0
            begun_s = time.monotonic()
            process.send_signal(number)
            output, errors = process.communicate(timeout=40)
            took_s = time.monotonic() - begun_s
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    assert not resolved.exists()
    lines = output.decode().splitlines()
    assert lines[0] == f"vna-1 {config.instruments.vna['vna-1'].resource}"
    assert all(line.startswith("vna-1 TCPIP::127.0.0.1") for line in lines[1:3])
    assert any(line.endswith("::SOCKET") for line in lines[1:3])
    assert lines[3].startswith("thermometer TCPIP::")
    assert lines[4].startswith("control 127.0.0.1:")
    assert config.instruments.vna["vna-1"].time_scale == 20.0
    return took_s


def test_calibration_is_written_as_an_archive(array_file, tmp_path):
    path = tmp_path / "calibration.npz"
    arguments = [
        str(array_file),
        f"--calibration={path}",
        "--cycles=2",
        "--sweeps-per-cycle=5",
        "--seed=3",
        "--json",
    ]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.output) == {"archive": str(path), "sweeps": 10}
    assert read_archive(path).s.shape == (10, 1, 51)


def test_calibration_says_in_words_what_it_wrote(array_file, tmp_path):
    path = tmp_path / "calibration.npz"
    result = CliRunner().invoke(
        command,
        [
            str(array_file),
            f"--calibration={path}",
            "--cycles=1",
            "--sweeps-per-cycle=2",
        ],
    )
    assert result.output == f"2 sweeps written to {path}\n"


def test_missing_file_and_wrong_resource_are_bad_input(array_file, tmp_path):
    result = CliRunner().invoke(command, [str(tmp_path / "none.yaml")])
    assert result.exit_code == 2
    assert "none.yaml" in result.stderr
    array_file.write_text(ARRAY.replace("hislip0,0", "gpib0"))
    result = CliRunner().invoke(command, [str(array_file)])
    assert result.exit_code == 2
    assert "vna-1" in result.stderr
    assert result.stderr.count("\n") == 1


def test_archive_in_a_missing_folder_is_bad_input(array_file, tmp_path):
    path = tmp_path / "missing" / "calibration.npz"
    result = CliRunner().invoke(
        command,
        [
            str(array_file),
            f"--calibration={path}",
            "--cycles=1",
            "--sweeps-per-cycle=1",
        ],
    )
    assert result.exit_code == 2
    assert str(path.parent) in result.stderr


def test_a_scenario_is_written_as_an_archive_with_its_truth(array_file, tmp_path):
    path = tmp_path / "night.npz"
    arguments = [
        str(array_file),
        f"--archive={path}",
        "--scenario=rod-stuck",
        "--cycles=1",
        "--sweeps=20",
        "--json",
    ]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["sweeps"] == 20
    assert document["failures"] == 1
    archive = read_archive(path)
    assert set(archive.condition) == {"healthy", "tuning_rod_stuck"}
    (truth,) = Path(document["truth"]).read_text().splitlines()
    assert json.loads(truth)["where"] == "cavity-1"


def test_shipped_scenarios_are_listed():
    result = CliRunner().invoke(command, ["--scenarios"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 10
    assert result.stdout.startswith("a-quiet-week: Nothing is wrong.")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--archive=a.npz", "--scenario=gremlins"], "gremlins is no scenario"),
        (
            ["--archive=a.npz", "--scenario=swapped-cables-after-the-access"],
            "line 11: failures.0.neighbour: #2 is more than the array's 1 cavities",
        ),
        (["--archive=a.npz", "--calibration=b.npz"], "exclude each other"),
        (["--calibration=b.npz", "--scenario=quench"], "plays no --scenario"),
        (["--truth=t.jsonl"], "--truth belongs to a served --scenario"),
        (["--scenario=gremlins"], "gremlins is no scenario"),
        (["--archive=/nowhere/a.npz", "--cycles=1"], "No such file"),
        (["--archive=a.npz", "--sweeps=10000", "--cycles=1000"], "fewer sweeps"),
    ],
)
def test_bad_input_of_an_archive_is_one_line(
    arguments, expected, array_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, [str(array_file), *arguments])
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    assert expected in result.stderr
    assert sorted(one.name for one in tmp_path.iterdir()) == ["array.yaml"]


def test_addresses_of_an_earlier_run_are_gone_before_the_new_ones_are_known(
    array_file, tmp_path
):
    resolved = tmp_path / "resolved.yaml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = f"--control-port={taken.getsockname()[1]}"
        for path in (resolved, array_file):
            path.write_text(ARRAY)
            outcome = CliRunner().invoke(
                command, [str(array_file), port, f"--resolved={path}"]
            )
            assert outcome.exit_code != 0
    assert not resolved.exists()
    assert array_file.read_text() == ARRAY
