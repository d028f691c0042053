"""How long a labelled archive's worth of noisy sweeps takes on two threads."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from instruments.simulation.physics.chain import (
    OperatingPoint,
    PlateTemperatures,
    SweepSettings,
    draw_unit,
    usual_receiver,
)
from instruments.simulation.physics.chain.batches import sweep_batch

ROOT = Path(__file__).parents[2]
SWEEPS = 20_000
BATCH = 2000
LIMIT_S = 60.0


def everything_moves(rng, count):
    def between(low, high):
        return rng.uniform(low, high, count)

    return OperatingPoint(
        plates=PlateTemperatures(
            room_k=between(294.0, 298.0),
            fifty_kelvin_k=between(40.0, 60.0),
            four_kelvin_k=between(3.0, 20.0),
            still_k=between(0.8, 3.0),
            cold_plate_k=between(0.1, 0.3),
            mixing_chamber_k=between(0.02, 2.0),
        ),
        cavity_temperature_k=between(0.05, 2.0),
        rod_temperature_k=between(0.05, 2.0),
        magnetic_field_tesla=between(-0.02, 0.02),
        magnet_field_tesla=between(0.0, 8.0),
        rod_position_ratio=between(0.3, 0.7),
        hemt_bias_ratio=between(0.9, 1.0),
        gain_drift_db=between(-0.1, 0.1),
        flux_quanta_ratio=between(0.29, 0.31),
        calibration_age_s=between(0.0, 1e5),
    )


@pytest.mark.benchmark
def test_twenty_thousand_sweeps_of_three_traces_and_512_points():
    rng = np.random.default_rng(0)
    axis_hz = np.linspace(4e9, 8e9, 512)
    wall_s, processor_s, done = time.perf_counter(), time.process_time(), 0
    while done < SWEEPS:
        samples = sweep_batch(
            axis_hz,
            draw_unit(usual_receiver(), rng),
            everything_moves(rng, BATCH),
            SweepSettings(),
            sweep_count=BATCH,
            seed=done,
        )
        assert np.isfinite(samples).all()
        done += BATCH
    wall_s = time.perf_counter() - wall_s
    processor_s = time.process_time() - processor_s
    summary = {"wall_s": wall_s, "processor_s": processor_s, "sweeps": SWEEPS}
    folder = ROOT / "bench"
    folder.mkdir(exist_ok=True)
    (folder / "sweep_batches.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(f"\n{SWEEPS} sweeps of 3 x 512 points with noise, two threads")
    print(f"{wall_s:.1f} s of wall time, {processor_s:.1f} s of processor time")
    print(f"target: {LIMIT_S:g} s")
