import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from instruments.files import (
    LabelledArchive,
    format_touchstone,
    read_archive,
    write_archive,
)
from service.cli import evaluate, fit, predict, train


def run(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def archive_file(tmp_path_factory) -> Path:
    """Sixty sweeps of two circulators in three cycles, ripple by ripple."""
    rng = np.random.default_rng(5)
    frequency_hz = np.linspace(4e9, 8e9, 301)
    count = 60
    index = np.arange(count)
    kind = index % 2
    ripple = np.exp(2j * np.pi * frequency_hz / 1e9 * (0.7 + 0.6 * kind[:, None]))
    noise = rng.normal(size=(2, count, 301)) * 1e-3
    s = (0.5 + 0.1 * ripple + noise[0] + 1j * noise[1])[:, None].astype(np.complex64)
    path = tmp_path_factory.mktemp("archive") / "circulators.npz"
    write_archive(
        path,
        LabelledArchive(
            frequency_hz=frequency_hz,
            s=s,
            s_parameters=("S21",),
            cavity=np.full(count, "bench"),
            thermal_cycle=np.array([f"cycle-{row // 20}" for row in index]),
            measured_at=1.7e9 + 60.0 * index,
            is_reference=index % 20 == 0,
            component=np.where(kind, "circulator-1", "circulator-2"),
        ),
    )
    return path


@pytest.fixture(scope="module")
def model(archive_file, made_once) -> Path:
    def train_it(folder: Path) -> None:
        made = folder / "made" / "here"
        done = run(train.command, archive_file, "--output", made, "--json")
        assert done.exit_code == 0, done.output
        document = json.loads(done.stdout)
        assert document["trained"] == ["component"]
        metrics = document["metrics"]["component"]
        assert metrics["overall"]["balanced_accuracy"] == 1.0

    return made_once("model-of-circulators", train_it) / "made" / "here"


def test_predict_gives_a_record_a_sweep_in_order(archive_file, model):
    done = run(predict.command, model, archive_file, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert [record["index"] for record in document["sweeps"]] == list(range(60))
    labels = [record["component"]["label"] for record in document["sweeps"]]
    assert labels[1:5] == ["circulator-1", "circulator-2"] * 2
    first = document["sweeps"][0]
    assert set(first["component"]) >= {"label", "probability", "set", "top"}
    assert first["temperature_k"]["state"] == "not_trained"
    strange = first["out_of_distribution"]
    assert set(strange) == {"p_value", "flag", "scores", "contributions"}
    assert first["integrity"] == []


def test_predict_prints_a_line_a_sweep(archive_file, model):
    done = run(predict.command, model, archive_file)
    assert len(done.stdout.splitlines()) == 60
    assert "component circulator-1" in done.stdout


def test_evaluate_shows_baselines_and_the_leaky_split(archive_file, model, tmp_path):
    page, judged = tmp_path / "evaluation.html", tmp_path / "judged.npz"
    known = read_archive(archive_file)
    component = known.component.copy()
    component[::20] = "circulator-9"
    write_archive(judged, replace(known, component=component))
    done = run(
        evaluate.command,
        *(model, judged, "--quick", "--html", page, "--train", archive_file),
    )
    assert done.exit_code == 0, done.output
    assert "predict_mean" in done.stdout
    assert "leaky random split" in done.stdout
    assert "learnt from --train" in done.stdout
    assert "insufficient cycles" in done.stdout
    assert "component (balanced_accuracy)" in done.stdout
    assert re.search(r"never trained: circulator-9, \d+% of 3 sweeps", done.stdout)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_evaluate_names_a_page_that_it_cannot_write(archive_file, model, tmp_path):
    page = tmp_path / "nowhere" / "page.html"
    done = run(evaluate.command, model, archive_file, "--html", page)
    assert done.exit_code == 2
    assert f"--html {page}: there is no folder {page.parent}" in done.stderr


def test_train_prints_what_it_did_not_train(archive_file, tmp_path):
    done = run(train.command, archive_file, "--output", tmp_path, "--seed", 4)
    assert done.exit_code == 0, done.output
    assert "temperature_k: not trained, no sweep has such a label" in done.stdout
    assert "warning: there are 3 thermal cycles" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.npz"], "nowhere.npz: No such file"),
        ([__file__], "is no readable .npz file"),
        (["{archive}", "--targets", "rod"], "'rod' is no target"),
        (["{archive}", "--targets", "condition"], "nothing can be trained"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(archive_file, tmp_path, arguments, sentence):
    given = [text.format(archive=archive_file) for text in arguments]
    done = run(train.command, *given, "--output", tmp_path)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert sentence in done.stderr


@pytest.mark.parametrize("command", [predict.command, evaluate.command])
def test_folder_that_is_no_model_is_one_line(command, archive_file, tmp_path):
    done = run(command, tmp_path, archive_file)
    assert done.exit_code == 2
    assert "manifest.json: No such file" in done.stderr


@pytest.fixture
def touchstone(tmp_path) -> Path:
    frequency_hz = np.linspace(5.095e9, 5.105e9, 201)
    mode = 1 / (1 + 2j * 5000 * (frequency_hz - 5.1e9) / 5.1e9)
    noise = np.random.default_rng(1).normal(size=(2, 201)) * 1e-3
    traces = {"S21": mode + noise[0] + 1j * noise[1], "S11": 1 - 0.8 * mode + noise[0]}
    suffix, text = format_touchstone(frequency_hz, traces)
    path = tmp_path / f"mode{suffix}"
    path.write_text(text)
    return path


def test_fit_prints_numbers_with_uncertainties(touchstone):
    done = run(fit.command, touchstone)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("mode.s2p  S21  ok  transmission")
    assert "\nQL   4999.7 +- " in done.stdout
    assert done.stdout.count("+-") == 2


def test_fit_takes_trace_and_kind(touchstone):
    done = run(
        fit.command, touchstone, "--trace", "S11", "--kind", "reflection", "--json"
    )
    document = json.loads(done.stdout)
    assert document["state"] == "ok"
    assert document["trace"] == "S11"
    assert document["coupling_beta"] == pytest.approx(2 / 3, rel=0.02)
    assert document["loaded_q"] == pytest.approx(5000, rel=0.02)


def test_fit_tells_the_side_of_critical_coupling_and_its_errors(touchstone):
    asked = (touchstone, "--trace", "S11", "--kind", "reflection")
    plain = json.loads(run(fit.command, *asked, "--json").stdout)
    assert plain["overcoupled_probability"] < 0.05
    assert plain["flags"] == []
    assert plain["coupling_q"] == pytest.approx(12_500, rel=0.05)
    drawn = run(fit.command, *asked, "--bootstrap", 50, "--json")
    sigma = json.loads(drawn.stdout)["loaded_q_sigma"]
    assert sigma == pytest.approx(plain["loaded_q_sigma"], rel=0.5)
    text = run(fit.command, *asked).stdout
    assert "\nQe   " in text
    assert "\nP(beta > 1) = 0.0" in text


def test_fit_says_why_there_is_no_number(archive_file):
    done = run(fit.command, archive_file, "--sweep", 3)
    assert done.exit_code == 0
    assert "because" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{file}", "--trace", "S44"], "no complete trace S44"),
        (["{file}", "--sweep", "7"], "has 1 sweeps, none is number 7"),
        (["nowhere.s2p"], "No such file"),
    ],
)
def test_fit_of_bad_input_is_one_line(touchstone, arguments, sentence):
    done = run(fit.command, *[text.format(file=touchstone) for text in arguments])
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("file", "f0_hz", "loaded_q"),
    [
        ("Figure6b.txt", 3.987848e9, 7454),
        ("Figure27.txt", 6.07225567e9, 56_020),
        ("Table6c27.txt", 3.652938e9, 708),
    ],
)
def test_fit_reproduces_published_values(reference_data, file, f0_hz, loaded_q):
    done = run(fit.command, reference_data / "npl_mat58" / file, "--json")
    document = json.loads(done.stdout)
    # The published f0 are rounded to 1 kHz.
    assert abs(document["resonant_frequency_hz"] - f0_hz) < 1e-7 * f0_hz + 500
    assert document["loaded_q"] == pytest.approx(loaded_q, rel=0.01)


@pytest.mark.no_cover
def test_real_fingerprint_archive_goes_through(reference_data, tmp_path):
    archive = reference_data / "switch_fingerprint_campaign1.npz"
    done = run(train.command, archive, "--output", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    assert "component" in json.loads(done.stdout)["trained"]
    done = run(predict.command, tmp_path, archive, "--json")
    records = json.loads(done.stdout)["sweeps"]
    assert len(records) == 108
    assert {record["condition"]["label"] for record in records} == {"unknown"}
