"""The model that ships: whole, small, and good on cycles that nobody trained on."""

import json

import numpy as np
import pytest

from instruments.simulation.calibration import record_calibration
from models.diagnosis import EstimateState
from models.serving.folder import load_model
from models.serving.predictor import Predictor
from service.demo.fleet import ARRAY_FILE, MODEL_FOLDER

LARGEST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def new_cycles():
    return record_calibration(ARRAY_FILE, seed=4711, cycles=2, sweeps_per_cycle=40)


@pytest.fixture(scope="module")
def diagnoses(new_cycles):
    return Predictor.load(MODEL_FOLDER).diagnose_archive(new_cycles)


def test_folder_is_whole_and_small():
    stored = load_model(MODEL_FOLDER)
    assert sum(file.stat().st_size for file in MODEL_FOLDER.iterdir()) < LARGEST_BYTES
    report = json.loads((MODEL_FOLDER / "report.json").read_text())
    assert report["version"] == stored.version
    assert report["split"] == "by_cycle"


def test_healthy_cold_sweeps_of_new_cycles_raise_no_alarm(new_cycles, diagnoses):
    quiet = (
        (new_cycles.condition == "healthy")
        & (new_cycles.temperature_k < 6)
        & (new_cycles.magnetic_field_tesla < 1e-3)
    )
    assert quiet.sum() > 30
    chosen = [diagnoses[row] for row in np.flatnonzero(quiet)]
    right = np.mean([diagnosis.condition.label == "healthy" for diagnosis in chosen])
    assert right >= 0.98
    assert np.mean([each.out_of_distribution.flag for each in chosen]) <= 0.02


@pytest.mark.parametrize(
    ("fault", "least"),
    [
        ("circulator_stray_field", 0.95),
        ("loose_connector", 0.75),
        ("amplifier_fault", 0.95),
    ],
)
def test_faults_of_moderate_severity_are_found(new_cycles, diagnoses, fault, least):
    severity = new_cycles.labels["severity"]
    chosen = np.flatnonzero(
        (new_cycles.condition == fault)
        & (severity > 0.3)
        & (new_cycles.temperature_k < 15)
    )
    assert chosen.size >= 8
    found = np.mean([diagnoses[row].condition.label == fault for row in chosen])
    assert found >= least


def test_warm_receivers_are_seen_and_cold_ones_are_not_alarmed(new_cycles, diagnoses):
    warm = new_cycles.temperature_k > 60
    well = warm & (new_cycles.condition == "healthy")
    # A fault on top hides some of the warmth.
    for chosen, least in ((well, 0.95), (warm, 0.8)):
        rows = np.flatnonzero(chosen)
        lower = [diagnoses[row].temperature_k.p05 or 0.0 for row in rows]
        assert np.mean(np.array(lower) > 12.0) > least
    cold = np.flatnonzero(new_cycles.temperature_k < 6)
    lower = [diagnoses[row].temperature_k.p05 or 0.0 for row in cold]
    assert np.mean(np.array(lower) > 12.0) < 0.02


def test_intervals_hold_their_promise(new_cycles, diagnoses):
    for name in ("temperature_k", "magnetic_field_tesla"):
        truth = getattr(new_cycles, name)
        inside = [
            estimate.p05 <= truth[row] <= estimate.p95
            for row, diagnosis in enumerate(diagnoses)
            if (estimate := getattr(diagnosis, name)).state is EstimateState.ESTIMATED
        ]
        assert len(inside) > 100
        assert np.mean(inside) > 0.8
