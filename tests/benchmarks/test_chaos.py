"""Ten minutes of kills at a site of 18 cavities; every sweep is accounted for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAULTS = (
    "lost_of_the_spool",
    "lost_of_the_posted",
    "answered_with_another_id",
    "without_samples",
    "not_judged",
    "judged_twice",
    "told_wrongly",
)


def run(script: str, folder: Path, *flags: str) -> dict:
    done = subprocess.run(
        [sys.executable, str(HERE / script), str(folder), *flags],
        stdout=subprocess.PIPE,
        check=True,
        timeout=1700,
    )
    return json.loads(done.stdout[done.stdout.index(b"{") :])


def keep(root: Path, name: str, report: dict) -> None:
    (root / "bench").mkdir(exist_ok=True)
    (root / "bench" / name).write_text(json.dumps(report, indent=2) + "\n")


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
def test_nothing_acknowledged_is_lost_by_kills(root: Path, tmp_path: Path) -> None:
    duration_s = os.environ.get("HALOWATCH_SOAK_S", "600")
    report = run("chaos.py", tmp_path, f"--duration={duration_s}", "--vnas=18")
    keep(root, "chaos.json", report)
    kill_count = sum(report["kills"].values())
    print(f"\n{'kills, all parts, ' + duration_s + ' s':<44}{kill_count:>8}")
    for name in ("spooled_count", "posted_count", "stored_count", "judged_count"):
        print(f"{name.replace('_', ' '):<44}{report[name]:>8}")
    for name in FAULTS:
        print(f"{name.replace('_', ' '):<44}{len(report[name]):>8}")
    assert not any(report[name] for name in FAULTS)


@pytest.mark.benchmark
def test_a_promoted_standby_misses_nothing(root: Path, tmp_path: Path) -> None:
    report = run("failover.py", tmp_path, "--load=60", "--away=60")
    keep(root, "failover.json", report)
    names = ("by_the_primary", "without_standby", "after_promotion")
    print(f"\n{'missing in the promoted standby':<44}{len(report['missing']):>8}")
    for name in names:
        label = f"acknowledged {name.replace('_', ' ')}"
        print(f"{label:<44}{report[f'acknowledged_{name}']:>8}")
    print(f"{'gap in acknowledgements, s':<44}{report['gap_s']:>8}")
    assert report["missing"] == []
    assert report["acknowledged_without_standby"] == 0


@pytest.mark.benchmark
def test_five_minutes_without_a_database_cost_nothing(
    root: Path, tmp_path: Path
) -> None:
    report = run("outage.py", tmp_path, "--away=300")
    keep(root, "outage.json", report)
    print()
    for name in ("measured_count", "stored_count", "deepest_spool", "drained_s"):
        print(f"{name.replace('_', ' '):<44}{report[name]:>8}")
    print(f"{'answers while down':<44}{report['answers_while_down']}")
    assert report["stored_count"] == report["measured_count"]
    assert report["in_order"]
    assert set(report["answers_while_down"]) == {"readyz 503", "post 503"}


@pytest.mark.benchmark
def test_ten_thousand_idle_connections_do_not_stop_ingest(
    root: Path, tmp_path: Path
) -> None:
    report = run("idle_connections.py", tmp_path, "--connections=10000")
    keep(root, "idle_connections.json", report)
    print(f"\n{'connections open at most':<44}{report['most_open']:>8}")
    for name in ("alone", "crowded"):
        for key in ("posted_count", "failed_count", "median_s", "p99_s"):
            label = f"{name}: {key.replace('_', ' ')}"
            print(f"{label:<44}{report[name][key]:>8}")
    assert report["crowded"]["failed_count"] == 0


@pytest.mark.benchmark
@pytest.mark.timeout(5400)
def test_a_hundred_thousand_hostile_bodies_break_nothing(root: Path) -> None:
    place = root / "tests/integration/service/api/test_hostile_bodies.py"
    flags = ["-k", "nothing_fails", "--hypothesis-profile=hostile", "--timeout=5400"]
    command = [sys.executable, "-m", "pytest", str(place), "-q", *flags]
    subprocess.run(command, check=True, cwd=root, timeout=5400)


@pytest.mark.benchmark
@pytest.mark.timeout(10_000)
def test_the_whole_openapi_holds_a_long_fuzz(root: Path) -> None:
    place = root / "tests/integration/service/api/test_fuzzing.py"
    command = [sys.executable, "-m", "pytest", str(place), "-q"]
    environment = os.environ | {"SCHEMATHESIS_MAX_EXAMPLES": "200"}
    subprocess.run(command, check=True, cwd=root, timeout=10_000, env=environment)
