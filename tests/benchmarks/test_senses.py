"""The instrument layer: how fast, how punctual, how sure; into bench/senses*.json."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent
SOAK_S = float(os.environ.get("HALOWATCH_SOAK_S", "600"))
LEAST_RATES = {"hislip": 3000.0, "socket": 1500.0}
FRONTS = {"hislip": "hislip0,0::INSTR", "socket": "0::SOCKET"}
RUNS = 3
VNA_COUNT = 18


def run_script(name: str, *arguments: object, timeout_s: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(HERE / name), *map(str, arguments)],
        stdout=subprocess.PIPE,
        timeout=timeout_s,
        check=True,
        cwd=HERE.parents[1],
    )
    return json.loads(done.stdout)


def write_report(root: Path, name: str, report: object) -> None:
    folder = root / "bench"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(report, indent=2) + "\n")


def write_array(path: Path, front: str) -> None:
    names = range(1, VNA_COUNT + 1)
    document = {
        "schema_version": 1,
        "array": {"name": "bench"},
        "instruments": {
            "vna": {
                f"vna-{name}": {"resource": f"TCPIP::127.0.0.1::{FRONTS[front]}"}
                for name in names
            }
        },
        "sweeps": {
            "wide": {
                "purpose": "wide",
                "s_parameters": ["S21"],
                "start_frequency_hz": 4e9,
                "stop_frequency_hz": 8e9,
                "point_count": 1601,
                "if_bandwidth_hz": 1000,
            }
        },
        "schedule": {"wide": {"period_s": 1.0}},
        "cavities": {
            f"cavity-{name}": {
                "vna": f"vna-{name}",
                "expected": {"resonant_frequency_hz": 5e9, "loaded_q": 8000},
            }
            for name in names
        },
    }
    path.write_text(yaml.safe_dump(document))


def measure_rate(folder: Path, front: str) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    array, resolved = folder / "array.yaml", folder / "resolved.yaml"
    write_array(array, front)
    serve = [sys.executable, str(HERE / "emulated_array.py"), str(array), str(resolved)]
    with subprocess.Popen([*serve, "--instant"], stdout=subprocess.PIPE) as emulator:
        try:
            assert emulator.stdout is not None
            emulator.stdout.readline()
            return run_script(
                "driver_loop.py", resolved, 4.0, emulator.pid, timeout_s=60
            )
        finally:
            emulator.terminate()


@pytest.mark.benchmark
def test_many_vnas_in_one_process(root: Path, tmp_path: Path) -> None:
    runs: dict[str, list[dict[str, Any]]] = {front: [] for front in FRONTS}
    for number in range(RUNS):
        for front, reports in runs.items():
            reports.append(measure_rate(tmp_path / f"{front}-{number}", front))
    best = {
        front: max(reports, key=lambda one: one["sweeps_per_s"])
        for front, reports in runs.items()
    }
    write_report(
        root,
        "senses_rate.json",
        {
            "what": f"{VNA_COUNT} emulated PNAs in one other process, 1601 points, "
            "one S-parameter, no sweep time; configured, triggered, read back, checked",
            "best_of": RUNS,
            "targets_per_s": LEAST_RATES,
            "best": best,
            "runs": runs,
        },
    )
    print(f"\n{'senses':<10}{'sweeps/s':>10}{'CPU ms/sweep':>14}{'target':>10}")
    print("the emulators take CPU of their own, see bench/senses_rate.json")
    for front, row in best.items():
        print(
            f"{front:<10}{row['sweeps_per_s']:>10.0f}"
            f"{row['cpu_per_sweep_ms']:>14.2f}{LEAST_RATES[front]:>10.0f}"
        )


@pytest.mark.benchmark
def test_punctual_and_undisturbed_by_a_hung_one(root: Path, tmp_path: Path) -> None:
    report = run_script("steady.py", tmp_path, "--duration", 30, timeout_s=300)
    assert report["state_of_the_hung_one"] in ("disconnected", "connecting")
    well, hung = report["well"], report["one_hung"]
    report["ratios_hung_to_well"] = {
        name: hung[name] / well[name] for name in ("sweeps_per_s", "late_p50_ms")
    }
    write_report(root, "senses_steady.json", report)
    print(f"\n{'18 VNAs, 1/s':<14}{'CPU %':>8}{'p50 ms':>8}{'p99 ms':>8}{'worst':>8}")
    for name in ("well", "one_hung"):
        row = report[name]
        print(
            f"{name:<14}{row['cpu_percent_of_one_core']:>8.1f}"
            f"{row['late_p50_ms']:>8.2f}{row['late_p99_ms']:>8.2f}"
            f"{row['late_worst_ms']:>8.2f}"
        )
    print("targets: 15 % of one core, none later than 50 ms, hung = well")


@pytest.mark.benchmark
def test_soak(root: Path, tmp_path: Path) -> None:
    report = run_script(
        "soak.py", tmp_path, "--duration", SOAK_S, timeout_s=SOAK_S + 600
    )
    write_report(root, "senses_soak.json", report)
    print(f"\nsoak of {SOAK_S:.0f} s, {report['kill_count']} kills")
    for name in ("instrument_sweeps", "attempts", "flagged", "faults_injected"):
        print(f"  {name}: {report[name]}")
    for name in (
        "lost",
        "stored_though_said_otherwise",
        "stored_twice",
        "same_samples_twice",
        "stored_without_an_attempt",
        "untrue_and_not_flagged",
    ):
        assert report[name] == [], name
    assert report["waiting_count"] == 0
    assert sum(report["instrument_sweeps"].values()) == report["instrument_sweep_count"]
    assert "outside_of_any_attempt" not in report["instrument_sweeps"]
    stored = report["attempts"]["stored"] + report["attempts"].get("stored_unsaid", 0)
    assert stored == report["stored_count"] + report["dead_letter_count"]
