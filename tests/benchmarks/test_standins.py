"""What a trained model is worth on receivers that are none of the project's own.

Trained on its cycles, judged on new ones, through files as a user would: with all
traces, and with each of them missing. Writes `bench/standins.json` and prints a row for
each.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from standin_receivers import GENEROUS, HARSH, StandIn
from standin_scores import scores_of, without_trace

from instruments.files import read_archive
from models.serving.predictor import Predictor
from models.training.train import train_model

BENCH = Path("bench")

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


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
    predictor = Predictor.load(tmp_path / "model")
    rows = {"": scores_of(archive, predictor.diagnose_archive(archive))}
    for index, trace in enumerate(archive.s_parameters):
        partial = without_trace(archive, index)
        diagnoses = predictor.diagnose_archive(partial)
        rows[f"_without_{trace}"] = scores_of(partial, diagnoses)
    BENCH.mkdir(exist_ok=True)
    path = BENCH / "standins.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    found = {f"{name}_{seed}{which}": row for which, row in rows.items()}
    path.write_text(json.dumps(known | found, indent=1))
    for which, row in found.items():
        told = (f"{k} {v:.3g}" for k, v in row.items() if v is not None)
        print(f"\n{which}: " + ", ".join(told))
