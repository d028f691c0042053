"""Ours beside what a physicist would use today: same sweeps, one run, and the sizes."""

import json
import shutil
import statistics
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ingest_client import make_sweep
from ingest_run import drive, print_table, serving, write_report

from service.storage.quantising import encode_quantised
from service.storage.samples import encode_samples

HERE = Path(__file__).parent
SHAPES = {"2 x 1601": (1601, 2), "4 x 10001": (10_001, 4)}
PEERS = {"h5py": 1.3, "influxdb": 15.0, "qcodes": 20.0, "tiled": 100.0}
DURATION_S = 4.0
MOST_SWEEPS = 200


def write_with(python: Path, store: str, points: int, traces: int) -> dict | None:
    """Let a peer write; None where it is not installed."""
    if store == "influxdb" and shutil.which("influxd") is None:
        return None
    script = [str(python), str(HERE / "store_writers.py"), store]
    options = ["--points", str(points), "--traces", str(traces)]
    options += ["--duration-s", str(DURATION_S)]
    done = subprocess.run(
        [*script, *options], capture_output=True, check=False, timeout=300
    )
    if done.returncode != 0:
        pytest.fail(f"{store}: {done.stderr.decode(errors='replace')[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def write_with_ours(home: Path, points: int, traces: int) -> dict:
    options = ("--points", str(points), "--traces", str(traces))
    with serving(home, "durable") as (port, _):
        report = drive(port, "--duration-s", str(DURATION_S), *options)
    kept = sum(one.stat().st_size for one in home.rglob("*.pack"))
    rows = sum(one.stat().st_size for one in home.glob("*.sqlite*"))
    return report | {"bytes_a_sweep": (kept + rows) / report["accepted_total"]}


@pytest.mark.benchmark
def test_ours_beside_the_stores_of_others(root: Path, tmp_path: Path) -> None:
    python = root / ".venv-stores" / "bin" / "python"
    if not python.is_file():
        pytest.fail("run 'make stores' first: it installs Tiled, QCoDeS and h5py")
    document: dict[str, dict] = {}
    rows = {}
    for shape, (points, traces) in SHAPES.items():
        found = {
            "halowatch": write_with_ours(tmp_path / f"ours-{points}", points, traces)
        }
        for store in PEERS:
            report = write_with(python, store, points, traces)
            if report is not None:
                found[store] = report
        document[shape] = found
        ours = found["halowatch"]["rate_per_s"]
        for store, report in found.items():
            rows[f"{shape} {store}"] = (
                report["rate_per_s"],
                ours / report["rate_per_s"],
                report["bytes_a_sweep"],
            )
    how = (
        "one writer each; ours over HTTP with 64 clients, durable; InfluxDB where found"
    )
    write_report(root, "stores", {"how": how, "targets": PEERS, "shapes": document})
    print_table("stores", ("sweeps/s", "ours over it", "bytes/sweep"), rows)
    print("targets, ours over it:", ", ".join(f"{k} {v:g}" for k, v in PEERS.items()))


def ratios(sweeps: list[dict[str, np.ndarray]]) -> tuple[float, float, float]:
    raw = hurried = lossless = quantised = 0
    for traces in sweeps:
        raw += sum(trace.nbytes for trace in traces.values())
        blob = encode_samples(traces, is_hurried=False)[2]
        hurried += len(encode_samples(traces, is_hurried=True)[2])
        lossless += len(blob)
        rounded = encode_quantised(traces)
        quantised += len(blob if rounded is None else rounded[0])
    return lossless / raw, quantised / raw, hurried / raw


def whole_traces(samples: np.ndarray) -> dict[str, np.ndarray]:
    """Return the traces of a sweep that has them, shape (point,) each."""
    return {
        f"S{at}": trace for at, trace in enumerate(samples) if np.isfinite(trace).all()
    }


@pytest.mark.benchmark
def test_sizes_of_measured_sweeps(root: Path, reference_data: Path) -> None:
    found: dict[str, tuple[float, float, float]] = {}
    for path in sorted(reference_data.glob("*.npz")):
        samples = np.load(path)["s"]
        found[path.stem] = ratios(
            [
                whole_traces(one)
                for one in samples[:: max(len(samples) // MOST_SWEEPS, 1)]
            ]
        )
    for shape, (points, traces) in SHAPES.items():
        found[f"synthetic {shape}"] = ratios([dict(make_sweep(points, traces).traces)])
    document = {
        "targets": {"lossless": 0.77, "quantised": 0.17},
        "median": [
            statistics.median(column) for column in zip(*found.values(), strict=True)
        ],
        "ratios": found,
    }
    write_report(root, "sizes", document)
    print_table(
        "bytes over raw complex64", ("lossless", "quantised", "in a hurry"), found
    )
    print("targets: 0.77, 0.17")
