"""What the how-to says works: the Python lines, the curl lines, the C program."""

import re
import shlex
import shutil
import subprocess
import threading
import time

import numpy as np
import pytest

from instruments.client import SpoolError, SweepSender
from instruments.files import LabelledArchive, format_touchstone, write_archive
from instruments.measurement import MeasurementError

# The clients see no database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PAGE = "docs/how-to/send-sweeps.md"
AXIS_HZ = np.linspace(4e9, 8e9, 11)


@pytest.fixture
def root_url(client) -> str:
    return str(client.base_url.join("/")).rstrip("/")


def blocks(root, language: str) -> list[str]:
    text = (root / PAGE).read_text()
    return [part.split("```")[0] for part in text.split(f"```{language}\n")[1:]]


def stored(client) -> list[dict]:
    return client.get("sweeps", params={"limit": 1000}).json()["sweeps"]


def test_the_python_lines_work_as_they_stand(
    client, root, root_url, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    send, drain = blocks(root, "python")
    names = {"frequency_hz": AXIS_HZ, "s21": np.exp(1j * AXIS_HZ / 1e9)}
    exec(send.replace("http://127.0.0.1:8000", root_url), names)
    exec(drain, names)
    (sweep,) = stored(client)
    assert (sweep["cavity"], sweep["run"]) == ("bench", "run-7")
    assert sweep["conditions"] == {"stage_temperature_k": 4.1}
    assert (tmp_path / "halowatch-spool" / "spool.sqlite3").is_file()


def test_the_curl_lines_work_as_they_stand(client, root, root_url, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    _, text = format_touchstone(AXIS_HZ, {"S21": np.full(11, 0.5 + 0.1j)})
    (tmp_path / "sweep.s2p").write_text(text)
    archive = LabelledArchive(
        frequency_hz=AXIS_HZ,
        s=np.ones((2, 1, 11), np.complex64),
        s_parameters=("S21",),
        cavity=np.array(["bench", "bench"]),
        thermal_cycle=np.array(["c", "c"]),
        measured_at=np.array([1.76e9, 1.76e9 + 1]),
        is_reference=np.array([False, False]),
    )
    write_archive(tmp_path / "campaign.npz", archive)
    (lines,) = blocks(root, "sh")
    done = subprocess.run(
        ["bash", "-e", "-c", lines.replace("http://127.0.0.1:8000", root_url)],
        cwd=tmp_path,
        capture_output=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = stored(client)
    assert len(found) == 4
    assert sorted(sweep["purpose"] for sweep in found).count("transmission") == 1
    assert b'"diagnosis":' in done.stdout


def test_the_c_program_compiles_without_a_warning_and_posts(
    client, root, root_url, tmp_path
):
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    source = root / "docs" / "how-to" / "post_sweep.c"
    told = re.search(r"\* {3}(cc .+?) && ", source.read_text())[1]
    for flags in ("", " -std=c99 -Wall -Wextra -Werror"):
        line = f"{told.replace(source.name, str(source))}{flags}"
        subprocess.run(shlex.split(line), check=True, cwd=tmp_path, timeout=150)
    program = tmp_path / "post_sweep"
    host, _, port = root_url.removeprefix("http://").partition(":")

    def run(cavity: str) -> subprocess.CompletedProcess:
        command = [str(program), host, port, cavity]
        return subprocess.run(command, capture_output=True, timeout=120, check=False)

    assert run("nobody").returncode == 1
    done = run("cavity-1")
    assert done.returncode == 0, done.stdout
    (sweep,) = stored(client)
    traces = client.get(f"sweeps/{sweep['sweep_id']}/traces?complex=true").json()
    axis_hz = 4e9 + 5e6 * np.arange(801)
    expected = 0.5 * np.exp(-2j * np.pi * axis_hz * 3e-9)
    got = np.array(traces["traces"]["S21"]["real"])
    assert np.allclose(got, expected.real, atol=1e-6)
    assert traces["frequency_hz"] == axis_hz.tolist()
    gone = [str(program), host, "1", "cavity-1"]
    assert subprocess.run(gone, capture_output=True, check=False).returncode == 2


def test_a_sender_keeps_sweeps_while_nobody_listens_and_goes_on(
    client, root_url, tmp_path, wait_for
):
    away = SweepSender("http://127.0.0.1:1", spool=tmp_path, drain_s=0.1)
    for number in range(5):
        cavity = "new-one" if number == 4 else "cavity-1"
        assert away.send(cavity, AXIS_HZ, {"S21": np.full(11, number + 0j)})
    told = []
    wait_for(lambda: away.last_error)
    assert not away.drain(0.3, progress=told.append)
    assert told[-1].depth == 5
    assert "does not answer" in away.last_error
    assert away.status().last_error == away.last_error
    away.close()
    with SweepSender(root_url, spool=tmp_path) as sender:
        assert sender.drain(90.0)
    found = [sweep["cavity"] for sweep in stored(client)]
    assert sorted(found) == ["cavity-1"] * 4 + ["new-one"]


def test_a_spool_has_one_owner_and_a_wrong_sweep_is_told_at_once(root_url, tmp_path):
    with SweepSender(root_url, spool=tmp_path, drain_s=0.1) as sender:
        with pytest.raises(SpoolError, match="in use"):
            SweepSender(root_url, spool=tmp_path)
        with pytest.raises(MeasurementError, match="frequency_hz"):
            sender.send("bench", AXIS_HZ[::-1], {"S21": np.ones(11, complex)})
        assert sender.status().depth == 0


def test_sending_never_waits_for_the_service(database_url, tmp_path):
    sender = SweepSender("http://127.0.0.1:1", spool=tmp_path, drain_s=0.0)
    longest_s = 0.0
    for number in range(20):
        started_s = time.monotonic()
        sender.send("bench", AXIS_HZ, {"S21": np.full(11, number + 0j)})
        longest_s = max(longest_s, time.monotonic() - started_s)
    assert sender.status().depth == 20
    assert longest_s < 20.0  # tells slow from hanging
    sender.close()
    assert not any(t.name == "uploader" and t.is_alive() for t in threading.enumerate())
