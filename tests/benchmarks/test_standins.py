"""What a trained model is worth on receivers that are none of the project's own.

Trained on its cycles, judged on new ones, through files as a user would. Writes
`bench/standins.json` and prints one row a receiver.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from standin_receivers import GENEROUS, HARSH, StandIn

from instruments.files import read_archive
from models.diagnosis import EstimateState
from models.serving.predictor import Predictor
from models.training.train import train_model

BENCH = Path("bench")

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


def _numbers(diagnoses, target, name):
    values = [getattr(getattr(each, target), name) for each in diagnoses]
    return np.array([np.nan if value is None else value for value in values])


def _row(archive, diagnoses):
    taught = ~archive.is_reference
    healthy = taught & (archive.condition == "healthy")
    states = [each.temperature_k.state for each in diagnoses]
    told = np.array([state is EstimateState.ESTIMATED for state in states])
    warm = healthy & (archive.temperature_k > 10)
    median = _numbers(diagnoses, "temperature_k", "median")
    error = np.log10(median) - np.log10(archive.temperature_k)
    row = {
        "told_above_10_k": float(told[warm].mean()),
        "rms_dex": float(np.sqrt(np.mean(error[healthy & told] ** 2))),
        "rms_above_10_k_dex": float(np.sqrt(np.mean(error[warm & told] ** 2))),
    }
    for target in ("temperature_k", "magnetic_field_tesla"):
        truth = getattr(archive, target)
        low, high = (_numbers(diagnoses, target, name) for name in ("p05", "p95"))
        inside = (low <= truth) & (truth <= high)
        cycles = np.unique(archive.thermal_cycle)
        row[f"{target}_coverage_90"] = float(inside[healthy].mean())
        row[f"{target}_coverage_90_worst_cycle"] = float(
            min(
                inside[healthy & (archive.thermal_cycle == each)].mean()
                for each in cycles
            )
        )
    field = _numbers(diagnoses, "magnetic_field_tesla", "median")
    left = (field - archive.magnetic_field_tesla)[healthy]
    row["field_rms_mt"] = float(1e3 * np.sqrt(np.nanmean(left**2)))
    best = np.array([each.condition.top[0][0] for each in diagnoses])
    well = np.array(
        [dict(each.condition.top).get("healthy", 0.0) for each in diagnoses]
    )
    row["balanced_accuracy"] = float(
        balanced_accuracy_score(archive.condition[taught], best[taught])
    )
    ill = archive.condition[taught] != "healthy"
    row["detection_auroc"] = float(roc_auc_score(ill, 1 - well[taught]))
    return row


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("name", "style", "taught", "judged"),
    [("generous", GENEROUS, 30, 12), ("harsh", HARSH, 14, 10)],
)
def test_a_model_reads_a_foreign_receiver(name, style, taught, judged, seed, tmp_path):
    receiver = StandIn(style, seed)
    files = [tmp_path / "taught.npz", tmp_path / "judged.npz"]
    np.savez(files[0], **receiver.record(5, taught))
    np.savez(files[1], **receiver.record(6, judged, first=taught + 20))
    train_model([read_archive(files[0])], tmp_path / "model")
    archive = read_archive(files[1])
    diagnoses = Predictor.load(tmp_path / "model").diagnose_archive(archive)
    row = _row(archive, diagnoses)
    BENCH.mkdir(exist_ok=True)
    path = BENCH / "standins.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | {f"{name}_{seed}": row}, indent=1))
    print(f"\n{name} {seed}: " + ", ".join(f"{k} {v:.3g}" for k, v in row.items()))
