"""Failures that nobody taught, seen by a laboratory that has healthy sweeps only.

A hidden receiver, a twin fitted to it from its type alone, and new cycles with every
failure that one receiver can have: share of sweeps flagged without the chi-square of
the twin and with it. Writes `bench/twin_departure.json` and prints one row a failure.
"""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import test_pretraining as hidden
import torch

from instruments.simulation.physics.chain import draw_unit, usual_receiver
from models.receiver.twin_departure import TWIN
from models.serving.folder import StoredModel, load_model
from models.serving.predictor import Predictor
from models.training.train import train_model
from models.twin.description import Description

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

RESULT = Path(__file__).parents[2] / "bench" / "twin_departure.json"
LEAST_SWEEPS = 4


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def healthy_of(archive):
    """Return the sweeps that no failure touches."""
    kept = archive.condition == "healthy"
    by_sweep = {
        one.name: values[kept]
        for one in fields(archive)
        if isinstance(values := getattr(archive, one.name), np.ndarray)
        and values.shape[:1] == kept.shape
    }
    return replace(archive, **by_sweep, labels={})


def flags_of(stored, model, archive):
    found = Predictor(StoredModel(model, "", stored.manifest)).diagnose_archive(archive)
    return np.array([one.out_of_distribution.flag for one in found])


def test_failures_that_nobody_taught(tmp_path, monkeypatch):
    unit = draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(hidden.UNIT))
    fit = hidden.fitted_twin(unit)
    lab = hidden.recorded(tmp_path / "lab.npz", unit, cycles=16, sweeps=40, seed=11)
    values = dict(zip(fit.names, fit.values.tolist(), strict=True))
    taught = hidden.simulated(
        tmp_path / "own.npz",
        lab,
        fit.hardware,
        Description(values=values, covariance=fit.covariance),
    )
    report = train_model(
        [healthy_of(lab)],
        tmp_path / "model",
        targets=("temperature_k", "magnetic_field_tesla"),
        pretrain_on=[taught],
    )
    stored = load_model(tmp_path / "model")
    assert stored.model.twin is not None, report.pretraining
    few = hidden.recorded(tmp_path / "few.npz", unit, cycles=10, sweeps=40, seed=12)
    # All that one receiver can have.
    monkeypatch.setattr(hidden, "SPAN", replace(hidden.SPAN, failures=()))
    every = hidden.recorded(tmp_path / "all.npz", unit, cycles=10, sweeps=40, seed=13)
    truth, without, beside = (
        np.concatenate(parts)
        for parts in zip(
            *(
                tuple(
                    each[~archive.is_reference]
                    for each in (
                        archive.condition,
                        flags_of(stored, replace(stored.model, twin=None), archive),
                        flags_of(stored, stored.model, archive),
                    )
                )
                for archive in (few, every)
            ),
            strict=True,
        )
    )
    rows = {}
    for name in np.unique(truth).tolist():
        own = truth == name
        if own.sum() >= LEAST_SWEEPS:
            rows[name] = {
                "sweeps": int(own.sum()),
                "flagged_without": float(without[own].mean()),
                "flagged": float(beside[own].mean()),
            }
    RESULT.parent.mkdir(exist_ok=True)
    document = {"unit": hidden.UNIT, "pretraining": report.pretraining, "rows": rows}
    RESULT.write_text(json.dumps(document, indent=2) + "\n")
    print(f"\n{'condition':28} {'sweeps':>6} {'without':>8} {TWIN:>15}")
    for name, row in rows.items():
        print(
            f"{name:28} {row['sweeps']:6d} {row['flagged_without']:8.3f}"
            f" {row['flagged']:15.3f}"
        )
    assert rows["healthy"]["flagged"] < 0.02
    assert all(row["flagged"] >= row["flagged_without"] - 0.1 for row in rows.values())
