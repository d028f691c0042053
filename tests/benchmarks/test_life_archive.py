"""How long 20,000 labelled sweeps of an array's life take, from command to disk."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from instruments.array import dump_array, load_array
from instruments.files.archive import read_archive

ROOT = Path(__file__).parents[2]
CYCLES, SWEEPS, CAVITIES, POINTS = 10, 334, 6, 512
LIMIT_S = 60.0


@pytest.mark.benchmark
def test_twenty_thousand_labelled_sweeps_onto_disk(tmp_path):
    config = load_array(ROOT / "service" / "demo" / "array.yaml")
    wide = config.sweeps["wide"].model_copy(update={"point_count": POINTS})
    config = config.model_copy(update={"sweeps": {**config.sweeps, "wide": wide}})
    array_file, path = tmp_path / "array.yaml", tmp_path / "life.npz"
    dump_array(config, array_file)
    arguments = ["simulate", str(array_file), f"--archive={path}"]
    arguments += [f"--cycles={CYCLES}", f"--sweeps={SWEEPS}"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun_s = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments], cwd=ROOT, check=True
    )
    wall_s = time.perf_counter() - begun_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    archive = read_archive(path)
    assert archive.s.shape == (CYCLES * SWEEPS * CAVITIES, 3, POINTS)
    summary = {
        "sweeps": archive.sweep_count,
        "traces": 3,
        "points": POINTS,
        "wall_s": wall_s,
        "processor_s": processor_s,
        "largest_memory_bytes": 1024 * after.ru_maxrss,
        "file_bytes": path.stat().st_size,
        "conditions": len(set(archive.condition)),
        "limit_s": LIMIT_S,
    }
    folder = ROOT / "bench"
    folder.mkdir(exist_ok=True)
    text = json.dumps(summary, indent=2) + "\n"
    (folder / "life_archive.json").write_text(text)
    print(f"\n{archive.sweep_count} labelled sweeps of 3 x {POINTS} points, on disk")
    print(f"{wall_s:.1f} s of wall time, {processor_s:.1f} s of processor time")
    print(f"memory {summary['largest_memory_bytes'] / 1e6:.0f} MB, limit {LIMIT_S:g} s")
