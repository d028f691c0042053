"""A trained model against what physics allows, on a receiver of the project's own twin.

One receiver, its connectors mated again in every cycle, healthy sweeps with a reference
at 4 K; many cycles to learn from, new ones to judge. Writes
`bench/model_against_limits.json` and prints errors over the Cramér-Rao bound by
temperature, the field's also where the shield lets it through.
"""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from test_pretraining import UNIT

from instruments.files import read_archive
from instruments.simulation import drawn_states
from instruments.simulation.drawn_states import StateSpan
from instruments.simulation.physics.chain import (
    SweepSettings,
    draw_unit,
    usual_receiver,
)
from instruments.simulation.state_archive import SweepLayout, record_states
from models.evaluation.efficiency import distance_to_bound
from models.evaluation.predictions import chosen_of
from models.evaluation.served import judge_corpus
from models.serving.folder import load_model
from models.training.corpus import build_corpus
from models.training.targets import TargetPlan
from models.training.train import train_model
from models.twin.limits_map import Knowledge, LimitsQuestion, limits_map
from models.twin.limits_sweep import SweepSetup

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

RESULT = Path(__file__).parents[2] / "bench" / "model_against_limits.json"
BAR = 10.0
CYCLES = int(os.environ.get("HALOWATCH_BENCH_CYCLES", "40"))
TARGETS = ("temperature_k", "magnetic_field_tesla")
LAYOUT = SweepLayout(
    frequency_hz=np.linspace(4e9, 8e9, 401),
    s_parameters=("S21", "S23", "S11"),
    settings=SweepSettings(if_bandwidth_hz=1000.0),
)
SPAN = StateSpan(
    temperature_k=np.geomspace(4.0, 290.0, 24),
    field_tesla=np.array([0.0, 0.005, 0.01, 0.02]),
    reference_k=np.array([4.0]),
    rod_position_ratio=np.array([0.45, 0.55]),
)
WEAKEST_TESLA = 0.005
"""Weaker fields are mostly carried by the shield."""


def recorded(path, unit, *, cycles, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawn_states, "EPISODES_PER_SWEEP", 0.0)
        record_states(
            path, "one", [unit] * cycles, LAYOUT, SPAN, seed=seed, sweeps_per_cycle=40
        )
    return read_archive(path)


def limits_of(unit):
    return list(
        limits_map(
            LimitsQuestion(
                hardware=unit,
                setup=SweepSetup(
                    frequency_hz=LAYOUT.frequency_hz,
                    s_parameters=LAYOUT.s_parameters,
                    settings=LAYOUT.settings,
                ),
                temperatures_k=(4.0, 6.0, 9.0, 15.0, 30.0, 80.0, 150.0, 300.0),
                fields_tesla=(0.0, 0.001, 0.003, 0.005, 0.01, 0.02, 0.03),
                # After so many cycles of one receiver its very parts are known.
                knowledge=Knowledge.FITTED,
            )
        )
    )


def test_errors_over_the_bound(tmp_path):
    torch.set_num_threads(1)
    unit = draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(UNIT))
    taught = recorded(tmp_path / "taught.npz", unit, cycles=CYCLES, seed=21)
    judged = recorded(tmp_path / "judged.npz", unit, cycles=12, seed=22)
    started_s = time.process_time()
    train_model([taught], tmp_path / "model", targets=TARGETS)
    train_s = time.process_time() - started_s
    model = load_model(tmp_path / "model").model
    corpus = build_corpus([judged], model.form)
    plan = TargetPlan(densities={name: model.densities[name] for name in TARGETS})
    found = judge_corpus(model, corpus, plan)
    limits = limits_of(unit)
    rows = {name: distance_to_bound(found[name], corpus, limits) for name in TARGETS}
    field_tesla = np.abs(corpus.numbers["magnetic_field_tesla"])
    strong = field_tesla[found[TARGETS[1]].rows] >= WEAKEST_TESLA
    rows[f"{TARGETS[1]}, 5 mT and more"] = distance_to_bound(
        chosen_of(found[TARGETS[1]], strong), corpus, limits
    )
    RESULT.parent.mkdir(exist_ok=True)
    document = {"cycles": CYCLES, "train_processor_s": train_s, "rows": rows}
    RESULT.write_text(json.dumps(document, indent=2) + "\n")
    for name, row in rows.items():
        print(f"\n{name}, {row['unit']}: median ratio {row['median_ratio']:.3g}")
        for one in row["bins"]:
            print(
                f"  {one['temperature_k']:7.1f} K, {one['sweeps']:3d} sweeps: rms"
                f" {one['rms_error']:.3g}, bound {one['bound']:.3g},"
                f" ratio {one['ratio']:.3g}"
            )
    assert rows["temperature_k"]["median_ratio"] < BAR
