"""Learning from the twin: error against the laboratory's cycles, with it and without.

A hidden receiver is calibrated and a twin fitted to it from its type alone; what the
twin simulates is learnt from first. Judged on cycles that nobody has seen, networks
alone, without the readers that serve beside them.
"""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from instruments.files import read_archive
from instruments.simulation.drawn_states import StateSpan
from instruments.simulation.physics.chain import (
    SweepSettings,
    draw_unit,
    usual_receiver,
)
from instruments.simulation.state_archive import SweepLayout, record_states
from models.training.checkpoints import Checkpoints
from models.training.corpus import build_corpus
from models.training.fit import logits_of
from models.training.networks import learn_networks
from models.training.pretraining import prepare_pretraining
from models.training.recipe import Recipe
from models.training.splitting import split_by_cycle
from models.training.targets import plan_targets
from models.twin.description import Description
from models.twin.fit import FitState, fit_twin
from models.twin.simulated_set import simulate_set
from tests.unit.models.twin.calibration import measured

RESULT = Path(__file__).parents[2] / "bench" / "pretraining.json"
UNIT = int(os.environ.get("HALOWATCH_BENCH_UNIT", "100"))
LAB_CYCLES = (2, 4, 8)
TARGETS = ("temperature_k", "magnetic_field_tesla", "condition")
LAYOUT = SweepLayout(
    frequency_hz=np.linspace(4e9, 8e9, 201),
    s_parameters=("S21", "S23", "S11"),
    settings=SweepSettings(if_bandwidth_hz=100.0),
)
SPAN = StateSpan(
    temperature_k=np.geomspace(4.0, 290.0, 12),
    field_tesla=np.array([0.0, 0.0, 0.01, 0.02]),
    reference_k=np.array([4.0]),
    rod_position_ratio=np.array([0.45, 0.55]),
    failures=(
        "circulator_stray_field",
        "hemt_bias_lost",
        "loose_connector",
        "nbti_line_normal",
    ),
)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def fitted_twin(hidden):
    fit = fit_twin(usual_receiver(has_jpa=False), measured(hidden, seed=UNIT - 100))
    assert fit.state is FitState.FITTED, fit.reason
    return fit


def recorded(path, unit, *, cycles, sweeps, seed):
    record_states(
        path, "one", [unit] * cycles, LAYOUT, SPAN, seed=seed, sweeps_per_cycle=sweeps
    )
    return read_archive(path)


def simulated(path, lab, receiver, description):
    simulate_set(
        path,
        lab,
        "one",
        receiver,
        description,
        seed=1,
        cycles=40,
        sweeps_per_cycle=40,
    )
    return read_archive(path)


def scores(ensemble, plan, judged):
    """Return errors of healthy sweeps, and the balanced accuracy of conditions."""
    logits = {
        name: each.mean(axis=0) for name, each in logits_of(ensemble, judged).items()
    }
    compared = judged.compared.any(axis=1)
    healthy = compared & (judged.classes["condition"] == "healthy")
    found = {}
    for name, grid in plan.densities.items():
        shares = np.exp(logits[name] - logits[name].max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        median = grid.quantiles(shares)[:, 2]
        if name == "temperature_k":
            away = median - grid.place(judged.numbers[name])
            found["temperature_dex"] = float(np.sqrt(np.mean(away[healthy] ** 2)))
        else:
            away = grid.value(median) - judged.numbers[name]
            found["field_mt"] = float(1e3 * np.sqrt(np.mean(away[healthy] ** 2)))
    if "condition" not in plan.classes:
        return found | {"balanced_accuracy": None}
    said = np.array(plan.classes["condition"])[logits["condition"].argmax(axis=1)]
    truth = judged.classes["condition"]
    # A condition that the laboratory has not seen in two cycles is never named.
    recalls = [
        np.mean(said[compared & (truth == one)] == one) for one in np.unique(truth)
    ]
    return found | {"balanced_accuracy": float(np.mean(recalls))}


def row_of(name, lab, taught, judged_archive, kept_in):
    """Learn from some cycles with and without a simulated archive, and judge both."""
    corpus = build_corpus([lab])
    plan = plan_targets(corpus, TARGETS)
    split = split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 0)
    judged = build_corpus([judged_archive], like=corpus)
    pretraining = prepare_pretraining([taught], corpus, plan)
    members = Checkpoints.of(kept_in, {})
    started_s = time.process_time()
    plain = learn_networks(corpus, plan, split, Recipe(), checkpoints=members)
    plain_s = time.process_time() - started_s
    found = learn_networks(
        corpus,
        plan,
        split,
        Recipe(),
        pretraining=pretraining,
        checkpoints=members,
    )
    return {
        "twin": name,
        "lab_cycles": int(np.unique(corpus.thermal_cycle).size),
        "lab_sweeps": corpus.sweep_count,
        "plain": scores(plain.served, plan, judged),
        "pretrained": scores(found.served, plan, judged),
        "kept": list(found.served.architecture.pretrained_heads),
        "kernels": list(found.served.architecture.kernel_heads),
        "guard": {name: each.to_record() for name, each in found.guarded.items()},
        "plain_processor_s": plain_s,
        "further_processor_s": time.process_time() - started_s - plain_s,
    }


@pytest.mark.benchmark
@pytest.mark.timeout(7200)
def test_error_against_cycles_of_the_laboratory(tmp_path):
    """What the guard keeps is no worse on cycles that it has not judged."""
    hidden = draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(UNIT))
    started_s = time.process_time()
    fit = fitted_twin(hidden)
    fit_s = time.process_time() - started_s
    lab = recorded(tmp_path / "lab.npz", hidden, cycles=8, sweeps=30, seed=11)
    unseen = recorded(tmp_path / "unseen.npz", hidden, cycles=8, sweeps=40, seed=12)
    values = dict(zip(fit.names, fit.values.tolist(), strict=True))
    own = simulated(
        tmp_path / "own.npz",
        lab,
        fit.hardware,
        Description(values=values, covariance=fit.covariance),
    )
    stranger = draw_unit(
        usual_receiver(has_jpa=False), np.random.default_rng(UNIT + 50)
    )
    other = simulated(tmp_path / "other.npz", lab, stranger, Description())
    rows = []
    tried = [("fitted", own, count) for count in LAB_CYCLES]
    for name, taught, count in (*tried, ("of another receiver", other, 4)):
        # The first cycles of one seed are the same, however many follow.
        part = recorded(tmp_path / "part.npz", hidden, cycles=count, sweeps=30, seed=11)
        members = tmp_path / f"members-{count}"
        for path in members.rglob("*-pretrained.safetensors"):
            path.unlink()
        rows.append(row_of(name, part, taught, unseen, members))
        document = {"unit": UNIT, "fit_processor_s": fit_s, "rows": rows}
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(document, indent=2) + "\n")
    print_table(rows)
    for row in rows:
        for name in ("temperature_dex", "field_mt"):
            assert row["pretrained"][name] < 1.1 * row["plain"][name], (name, row)


def print_table(rows):
    print(f"{'twin':20} {'cycles':>6} {'T dex':>16} {'B mT':>16} {'conditions':>16}")
    for row in rows:
        told = " ".join(
            f"{_both(row['plain'][name], row['pretrained'][name]):>16}"
            for name in ("temperature_dex", "field_mt", "balanced_accuracy")
        )
        print(f"{row['twin']:20} {row['lab_cycles']:6} {told}")


def _both(plain, pretrained):
    return "-" if plain is None else f"{plain:.3g} -> {pretrained:.3g}"
