"""How long one diagnosis takes on one thread, everything included."""

import asyncio
import json
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch

from instruments.clock import SystemClock
from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps
from models.preprocessing.grid import onto_axis
from models.serving.predictor import Predictor
from service.config import read_config
from service.context import make_context
from service.main import create_app
from service.operations.judge_tasks import BATCH, Diagnoser
from service.operations.panel import Panel
from service.storage.engine import Database
from service.storage.migration import upgrade

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models" / "shipped" / "emulated_array"
LIMIT_MS = 5.0
REPEATS = 300


def _wide(archive, row, points, names):
    sweep = archive.sweep(row)
    axis = np.linspace(4e9, 8e9, points)
    samples = np.stack([sweep.traces[name] for name in names]).astype(np.complex128)
    moved = onto_axis(axis, sweep.frequency_hz, samples).astype(np.complex64)
    return replace(
        sweep, frequency_hz=axis, traces=dict(zip(names, moved, strict=True))
    )


def _narrow(points):
    frequency_hz = np.linspace(5.697e9, 5.704e9, points)
    rng = np.random.default_rng(1)
    mode = 1 / (1 + 2j * 8000 * (frequency_hz - 5.7e9) / 5.7e9)
    noise = 3e-3 * (rng.normal(size=points) + 1j * rng.normal(size=points))
    trace = (mode + noise) * np.exp(-2j * np.pi * 30e-9 * frequency_hz)
    return Sweep(
        cavity="cavity-1",
        measured_at=datetime(2026, 1, 31, tzinfo=UTC),
        purpose=SweepPurpose.TRANSMISSION,
        frequency_hz=frequency_hz,
        traces={"S21": trace.astype(np.complex64)},
    )


class _Watch:
    """Takes the time by the wall and the processor time of the thread, in ms."""

    def __init__(self):
        self.times_ms = []

    def take(self, work):
        """Time what tells how many sweeps it judged; each counts alike."""
        wall_s, processor_s = time.perf_counter(), time.thread_time()
        count = work()
        pair = time.perf_counter() - wall_s, time.thread_time() - processor_s
        self.times_ms += [[1e3 * each / count for each in pair]] * count


def _times_ms(judge):
    for _ in range(20):
        judge()
    watch = _Watch()
    for _ in range(REPEATS):
        watch.take(lambda: 1 if judge() else 0)
    return watch.times_ms


def _worker_times_ms(folder, predictor, measured, at_once):
    """Time a diagnose worker by itself: claim, load, judge, rules, commit.

    So many sweeps wait for it each time.
    """
    config = read_config({"HALOWATCH_HOME": str(folder)})
    database = Database(config.database_url, busy_timeout_s=5.0)
    upgrade(database, config.migrations)
    clock = SystemClock()
    start = clock.now() - timedelta(minutes=30)
    cavity = measured[0].cavity
    context = make_context(config)
    app = create_app(config, context=context)

    async def post(rows) -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        ) as http:
            path = f"/api/v1/cavities/{cavity}"
            (await http.put(path, json={})).raise_for_status()
            for index in rows:
                sweep = replace(
                    measured[0 if index == 0 else 1 + index % 3],
                    measured_at=start + timedelta(seconds=index),
                    is_reference=index == 0,
                )
                reply = await http.post(
                    "/api/v1/sweeps",
                    content=encode_sweeps([sweep]),
                    headers={"Content-Type": MSGPACK_MEDIA_TYPE},
                )
                reply.raise_for_status()

    diagnoser = Diagnoser(
        database=database,
        clock=clock,
        panel=Panel.of(predictor),
        owner="benchmark",
        lease=timedelta(seconds=60),
        channels=(),
    )

    def drain():
        total = 0
        while count := diagnoser.run_once():
            total += count
        return total

    watch = _Watch()
    for first in range(0, REPEATS, at_once):
        asyncio.run(post(range(first, min(first + at_once, REPEATS))))
        watch.take(drain)
    context.close()
    database.close()
    # The first ones also register the reference and fill caches.
    return watch.times_ms[at_once:]


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.benchmark
@pytest.mark.usefixtures("one_thread")
def test_one_diagnosis_on_one_thread(tmp_path):
    from instruments.simulation.calibration import record_calibration
    from service.demo.fleet import ARRAY_FILE

    archive = record_calibration(ARRAY_FILE, seed=8, cycles=1, sweeps_per_cycle=4)
    predictor = Predictor.load(SHIPPED)
    pairs = {
        "wide 2 x 1601": (1601, ("S21", "S23")),
        "wide 3 x 1601": (1601, ("S21", "S23", "S11")),
        "wide 3 x 801": (801, ("S21", "S23", "S11")),
    }
    rows = {}
    for name, (points, traces) in pairs.items():
        sweep = _wide(archive, 1, points, traces)
        reference = _wide(archive, 0, points, traces)
        rows[name] = _times_ms(lambda s=sweep, r=reference: predictor.diagnose(s, r))
    measured = [_wide(archive, row, 1601, ("S21", "S23")) for row in range(4)]
    for waiting in (BATCH, 1):
        name = f"wide 2 x 1601, task to commit, {waiting} wait"
        folder = tmp_path / str(waiting)
        folder.mkdir()
        rows[name] = _worker_times_ms(folder, predictor, measured, waiting)
    for points in (201, 1601):
        sweep = _narrow(points)
        rows[f"narrow 1 x {points}"] = _times_ms(lambda s=sweep: predictor.diagnose(s))
    summary = {}
    for name, times in rows.items():
        wall, processor = zip(*times, strict=True)
        summary[name] = {
            "median_ms": statistics.median(wall),
            "p95_ms": float(np.percentile(wall, 95)),
            "processor_median_ms": statistics.median(processor),
            "processor_p95_ms": float(np.percentile(processor, 95)),
        }
    folder = ROOT / "bench"
    folder.mkdir(exist_ok=True)
    (folder / "diagnosis.json").write_text(json.dumps(summary, indent=2) + "\n")
    heads = ("median ms", "p95 ms", "cpu median", "cpu p95")
    print(f"\n{'diagnosis':<42}" + "".join(f"{head:>12}" for head in heads))
    for name, row in summary.items():
        print(f"{name:<42}" + "".join(f"{each:>12.2f}" for each in row.values()))
    print(f"target: {LIMIT_MS:g} ms")
