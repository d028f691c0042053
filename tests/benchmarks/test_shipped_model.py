"""The model that ships comes out of its documented command again: three minutes."""

import json

import pytest

from models.serving.folder import load_model
from service.demo.calibration import make_model
from service.demo.fleet import MODEL_FOLDER


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_the_documented_command_reproduces_it(tmp_path):
    version = make_model(tmp_path)
    made, shipped = load_model(tmp_path), load_model(MODEL_FOLDER)
    assert made.version == version
    assert made.manifest["split"] == shipped.manifest["split"]
    assert made.manifest["architecture"] == shipped.manifest["architecture"]
    assert made.manifest["classes"] == shipped.manifest["classes"]
    reports = [
        json.loads((folder / "report.json").read_text())["metrics"]
        for folder in (tmp_path, MODEL_FOLDER)
    ]
    # Weights differ in the last digits from one processor to another; scores do not.
    for name, score, tolerance in (
        ("condition", "balanced_accuracy", 0.03),
        ("temperature_k", "rms_error_dex", 0.05),
        ("magnetic_field_tesla", "rms_error_tesla", 1e-3),
    ):
        new, old = (report[name]["overall"][score] for report in reports)
        assert new == pytest.approx(old, abs=tolerance)
