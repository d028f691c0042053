"""Measured sweeps of real cryostats go in, come out bit-identical, and are judged."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from instruments.files.archive import read_archive
from instruments.measurement.bodies import unpack_body
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, decode_sweep

JUDGED_DEADLINE_S = 150.0

# Values of the NPL report MAT 58 for its published traces, each by the report's own
# model. Figure 23 is fitted after 1.2 m of line (electrical length) are taken out, as
# the report does; the trace was over-corrected by it, so its delay is negative.
LINE_DELAY_S = -1.2 / 299_792_458.0
NPL = [
    ("Figure6b.txt", (), "transmission", 3.987848e9, 7454.0),
    ("Figure27.txt", (), "notch", 6.07225567e9, 56_020.0),
    ("Table6c27.txt", (), "reflection", 3.652938e9, 708.0),
    (
        "Figure23.txt",
        ("--shape=leakage", f"--line-delay-s={LINE_DELAY_S}"),
        "transmission",
        9.76015571e9,
        4760.0,
    ),
]
RESONANT_FREQUENCY_TOLERANCE = 1e-7
LOADED_Q_TOLERANCE = 0.01


def halowatch(*arguments: str) -> Any:
    run = subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def judged(url: str, count: int, cavity: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + JUDGED_DEADLINE_S
    while True:
        reply = httpx.get(
            f"{url}/api/v1/diagnoses",
            params={"cavity": cavity, "limit": 500},
            timeout=60.0,
        )
        found: list[dict[str, Any]] = reply.json()["diagnoses"]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, f"{len(found)} of {count} were judged"
        time.sleep(0.2)


@pytest.mark.parametrize(("name", "options", "kind", "f0_hz", "loaded_q"), NPL)
def test_npl_traces_give_the_values_of_the_report(
    reference_data: Path,
    name: str,
    options: tuple[str, ...],
    kind: str,
    f0_hz: float,
    loaded_q: float,
) -> None:
    fit = halowatch("fit", str(reference_data / "npl_mat58" / name), *options)
    assert fit["state"] == "ok"
    assert fit["kind"] == kind
    assert fit["resonant_frequency_hz"] == pytest.approx(
        f0_hz, rel=RESONANT_FREQUENCY_TOLERANCE
    )
    assert fit["loaded_q"] == pytest.approx(loaded_q, rel=LOADED_Q_TOLERANCE)
    assert 0.0 < fit["loaded_q_sigma"] < 0.05 * loaded_q


def test_npl_leakage_is_found_without_knowing_the_line(reference_data: Path) -> None:
    fit = halowatch("fit", str(reference_data / "npl_mat58" / "Figure23.txt"))
    assert fit["line_shape"] == "leakage"
    assert fit["loaded_q"] == pytest.approx(4760.0, rel=LOADED_Q_TOLERANCE)


def test_npl_reflection_gives_the_unloaded_q_of_the_report(
    reference_data: Path,
) -> None:
    fit = halowatch("fit", str(reference_data / "npl_mat58" / "Table6c27.txt"))
    assert fit["unloaded_q"] == pytest.approx(862.0, rel=0.01)


@pytest.mark.parametrize(
    "name", ["switch_fingerprint_campaign1.npz", "notch_temperature.npz"]
)
def test_an_archive_comes_out_bit_identical_and_is_judged(
    reference_data: Path, service_url: str, name: str
) -> None:
    path = reference_data / name
    archive = read_archive(path)
    counts = halowatch("ingest", str(path), "--register", "--url", service_url)
    assert counts["accepted"] == archive.sweep_count
    again = halowatch("ingest", str(path), "--url", service_url)
    assert again["duplicate"] == archive.sweep_count
    cavity = str(archive.cavity[0])
    records = judged(service_url, archive.sweep_count, cavity)
    by_time = {}
    for record in records:
        reply = httpx.get(
            f"{service_url}/api/v1/sweeps/{record['sweep_id']}/traces",
            headers={"Accept": MSGPACK_MEDIA_TYPE},
            timeout=60.0,
        )
        (message,) = unpack_body(reply.content)
        sweep = decode_sweep(message)
        by_time[sweep.measured_at.timestamp()] = sweep
    for index in range(archive.sweep_count):
        sweep = by_time[float(archive.measured_at[index])]
        (trace,) = sweep.traces.values()
        assert trace.dtype == np.complex64
        assert trace.tobytes() == archive.s[index, 0].tobytes()
        assert sweep.frequency_hz.tobytes() == archive.axis(index).tobytes()
    for record in records:
        assert record["model_version"] == "none"
        assert record["temperature_k"]["state"] == "not_trained"
        assert record["condition"]["label"] == "unknown"
    if name.startswith("notch"):
        states = [record["resonance"]["state"] for record in records]
        assert states.count("ok") == archive.sweep_count


def test_a_foreign_file_is_refused_in_one_line(
    tmp_path: Path, service_url: str
) -> None:
    foreign = tmp_path / "notes.npz"
    foreign.write_bytes(b"PK\x03\x04 but no more")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "service.cli", "ingest", str(foreign)),
            *("--cavity", "bench", "--url", service_url),
        ],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "notes.npz" in run.stderr
