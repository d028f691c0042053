import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from instruments.files import read_archive
from models.errors import TrainingRefusedError
from models.evaluation.gates import failed, judge_report
from models.serving.predictor import Predictor
from models.training.split import Split
from models.training.train import train_model


def test_report_is_of_held_out_cycles(report):
    assert report.split == "by_cycle"
    assert report.cycle_count == 6
    assert report.metrics["condition"]["overall"]["balanced_accuracy"] > 0.95
    temperature = report.metrics["temperature_k"]["overall"]
    assert temperature["rms_error_dex"] < 0.35
    assert 0.85 < temperature["coverage_90"] <= 1.0
    assert any("6 thermal cycles" in sentence for sentence in report.warnings)
    json.dumps(report.to_record(), allow_nan=False)


def test_the_folder_holds_split_baselines_and_a_card(report):
    folder = Path(report.folder)
    split = Split.from_record(json.loads((folder / "split.json").read_text()))
    assert np.unique(split.fold).size == split.fold_count == 5
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["split"]["sha256"] == split.sha256
    compared = json.loads((folder / "report.json").read_text())["evaluation"]["targets"]
    rows = compared["temperature_k"]["baselines"]
    assert set(rows) == {"predict_mean", "clock", "pca30_ridge", "pca30_knn5"}
    mine = report.metrics["temperature_k"]["ranked"]["rms_error_dex"]
    theirs = rows["predict_mean"]["held_out_by_cycle"]["ranked"]["rms_error_dex"]
    assert mine < theirs
    card = (folder / "card.md").read_text()
    assert f"# Model {report.model_version}" in card
    assert "| temperature_k | rms_error_dex" in card
    assert "6 thermal cycles" in card
    assert not (folder / ".training").exists()


def test_the_closing_words_are_what_the_gates_of_a_promotion_say(report):
    folder = Path(report.folder)
    stored = json.loads((folder / "report.json").read_text())
    refused = failed(judge_report(stored, grouped="held_out_by_cycle"))
    words = [line for line in report.warnings if "will refuse" in line]
    assert len(words) == bool(refused)
    assert all(gate.name in words[0] for gate in refused)
    assert all(line in (folder / "card.md").read_text() for line in words)


@pytest.mark.no_cover
def test_same_seed_gives_the_same_model(archive, recipe, report, tmp_path):
    quick = replace(recipe, epochs=1, least_steps=20)
    versions = {
        train_model([archive], tmp_path / name, seed=seed, recipe=quick).model_version
        for name, seed in (("a", 1), ("b", 1))
    }
    assert len(versions) == 1
    weights = [(tmp_path / n / "weights.safetensors").read_bytes() for n in "ab"]
    assert weights[0] == weights[1]
    other = train_model([archive], tmp_path / "c", seed=2, recipe=quick)
    assert other.model_version not in versions


def test_training_leaves_torch_as_it_was(archive, recipe, tmp_path):
    threads = torch.get_num_threads()
    train_model(
        [archive],
        tmp_path,
        recipe=replace(recipe, epochs=1, least_steps=5),
        targets=["condition"],
    )
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_shuffled_labels_are_learnt_by_nobody(archive, recipe, tmp_path):
    rng = np.random.default_rng(9)
    shuffled = replace(archive, condition=rng.permutation(archive.condition))
    report = train_model([shuffled], tmp_path, recipe=recipe, targets=["condition"])
    assert report.metrics["condition"]["overall"]["balanced_accuracy"] < 0.65


def test_one_cycle_is_trained_with_a_warning(archive_maker, recipe, tmp_path):
    archive = archive_maker(cycles=1, sweeps=40)
    report = train_model([archive], tmp_path, recipe=recipe)
    assert report.split == "by_time"
    assert "interpolates" in report.warnings[0]


def test_no_archive_is_refused(tmp_path):
    with pytest.raises(TrainingRefusedError, match="no archive"):
        train_model([], tmp_path)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("file", "trained", "refused"),
    [
        ("switch_fingerprint_campaign1.npz", "component", "temperature_k"),
        ("fridge_chain.npz", "temperature_k", "component"),
        ("notch_temperature.npz", "temperature_k", "condition"),
        ("resonator_temperature_12.npz", "temperature_k", "condition"),
    ],
)
def test_real_archives_are_trained_on(
    *, reference_data, recipe, tmp_path, file, trained, refused
):
    archive = read_archive(reference_data / file)
    if archive.sweep_count > 200:
        # Every third sweep keeps the test quick; references stay.
        chosen = archive.is_reference | (np.arange(archive.sweep_count) % 3 == 0)
        archive = replace(
            archive,
            frequency_hz=archive.frequency_hz[chosen],
            s=archive.s[chosen],
            cavity=archive.cavity[chosen],
            thermal_cycle=archive.thermal_cycle[chosen],
            measured_at=archive.measured_at[chosen],
            is_reference=archive.is_reference[chosen],
            temperature_k=archive.temperature_k[chosen],
            labels={},
            units={},
        )
    report = train_model([archive], tmp_path, recipe=recipe)
    assert report.trained == (trained,)
    assert refused in report.refused
    diagnoses = Predictor.load(tmp_path).diagnose_archive(archive)
    assert len(diagnoses) == archive.sweep_count
    for diagnosis in diagnoses:
        json.dumps(diagnosis.to_record(), allow_nan=False)
