"""The soak in short: faults, kills, and every sweep accounted for."""

import json
import subprocess
import sys

import pytest

EMPTY = (
    "lost",
    "stored_though_said_otherwise",
    "stored_twice",
    "same_samples_twice",
    "stored_without_an_attempt",
    "untrue_and_not_flagged",
)


@pytest.mark.slow
def test_every_sweep_is_accounted_for_through_faults_and_kills(root, tmp_path):
    script = root / "tests" / "benchmarks" / "soak.py"
    options = {
        "duration": 24,
        "vnas": 6,
        "fault-every": 2,
        "kill-every": 9,
        "least-stored": 25,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), *flags],
        capture_output=True,
        timeout=400,
        cwd=root,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert {name: report[name] for name in EMPTY} == {name: [] for name in EMPTY}
    assert report["waiting_count"] == 0
    assert report["kill_count"] == 2
    assert report["stored_count"] > 20
    fates = report["instrument_sweeps"]
    assert sum(fates.values()) == report["instrument_sweep_count"]
    assert "outside_of_any_attempt" not in fates
    stored = report["attempts"]["stored"] + report["attempts"].get("stored_unsaid", 0)
    assert stored == report["stored_count"] + report["dead_letter_count"]
