"""From a fitted twin to a simulated archive, and from that to a model."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from instruments.files import read_archive
from instruments.simulation.drawn_states import StateSpan
from instruments.simulation.physics.chain import (
    SweepSettings,
    draw_unit,
    list_constants,
    usual_receiver,
)
from instruments.simulation.state_archive import SweepLayout, record_states
from models.serving.folder import load_model
from models.training import train as training
from models.training.recipe import Recipe
from service.cli import predict, train, twin

QUICK = Recipe(
    ratio_components=6,
    level_components=3,
    width=32,
    embedding=16,
    epochs=1,
    least_steps=180,
    batch=64,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A laboratory: two cycles of a receiver, and the constants that a fit found."""
    folder = tmp_path_factory.mktemp("site")
    unit = draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(100))
    record_states(
        folder / "lab.npz",
        "c1",
        [unit] * 2,
        SweepLayout(
            frequency_hz=np.linspace(4e9, 8e9, 201),
            s_parameters=("S23",),
            settings=SweepSettings(if_bandwidth_hz=10.0),
        ),
        StateSpan(
            temperature_k=np.geomspace(4.0, 290.0, 9),
            field_tesla=np.array([0.0, 0.02]),
            reference_k=np.array([4.0]),
            rod_position_ratio=np.array([0.5]),
            failures=("loose_connector", "hemt_bias_lost"),
        ),
        seed=5,
        sweeps_per_cycle=24,
    )
    constants = {
        known.name: {"value": known.value, "sigma": 1e-3 * known.prior_sigma}
        for known in list_constants(unit)
        if known.prior_sigma > 0.0
    }
    sigmas = [one["sigma"] for one in constants.values()]
    document = {"state": "fitted", "constants": constants}
    (folder / "fit.json").write_text(json.dumps(document))
    document["covariance"] = np.diag(np.square(sigmas)).tolist()
    (folder / "whole.json").write_text(json.dumps(document))
    return folder


def simulate(site, output, described="whole.json", *further):
    return CliRunner().invoke(
        twin.command,
        [
            "simulate",
            str(site / "lab.npz"),
            "--cavity=c1",
            f"--described={site / described}",
            f"--output={output}",
            "--no-jpa",
            "--cycles=6",
            "--sweeps=20",
            *further,
        ],
    )


def test_a_twin_writes_an_archive_like_the_laboratorys(site, tmp_path):
    made = simulate(site, tmp_path / "a.npz", "whole.json", "--json")
    assert made.exit_code == 0, made.output
    document = json.loads(made.stdout)
    assert document["sweeps"] == 120
    assert document["constants_drawn"] is True
    lab, found = (read_archive(p) for p in (site / "lab.npz", tmp_path / "a.npz"))
    assert np.array_equal(found.frequency_hz, lab.frequency_hz)
    assert found.s_parameters == lab.s_parameters
    assert set(found.condition) <= {"healthy", "loose_connector", "hemt_bias_lost"}
    assert np.unique(found.thermal_cycle).size == 6
    again = simulate(site, tmp_path / "b.npz", "fit.json")
    assert "tells no covariance" in again.output
    assert len(again.output.splitlines()) == 2
    same = simulate(site, tmp_path / "c.npz", "whole.json")
    assert same.output.splitlines() == [f"120 sweeps written to {tmp_path / 'c.npz'}"]
    a, b, c = ((tmp_path / f"{name}.npz").read_bytes() for name in "abc")
    assert a == c != b


def test_a_model_is_pretrained_on_it_and_says_what_it_brought(
    site, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "Recipe", lambda: QUICK)
    simulated = tmp_path / "set.npz"
    assert simulate(site, simulated).exit_code == 0
    arguments = [str(site / "lab.npz"), "--output", str(tmp_path / "model")]
    wanted = f"--pretrain={simulated}", "--targets=temperature_k"
    done = CliRunner().invoke(train.command, [*arguments, *wanted])
    assert done.exit_code == 0, done.output
    assert "temperature_k: pre-training kept" in done.output
    assert "fewer than 15 thermal cycles" in done.output
    stored = load_model(tmp_path / "model")
    assert stored.model.ensemble.architecture.pretrained_heads == ("temperature_k",)
    assert stored.manifest["pretraining"]["sweep_count"] == 120
    report = json.loads((tmp_path / "model" / "report.json").read_text())
    guarded = report["pretraining"]["heads"]["temperature_k"]
    assert guarded["pretrained_loss"] < guarded["plain_loss"]
    assert "120 simulated sweeps" in (tmp_path / "model" / "card.md").read_text()
    told = CliRunner().invoke(
        predict.command, [str(tmp_path / "model"), str(site / "lab.npz"), "--json"]
    )
    assert told.exit_code == 0, told.output
    assert len(json.loads(told.stdout)["sweeps"]) == 48


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--cavity": "c9"}, "no sweep of cavity c9"),
        ({"--described": "/nowhere.json"}, "/nowhere.json: No such file"),
        ({"--output": "/nowhere/a.npz"}, "there is no such folder"),
        ({"--cycles": "1000", "--sweeps": "10000"}, "ask for fewer sweeps"),
    ],
)
def test_mistakes_are_one_line(site, tmp_path, changes, words):
    output = tmp_path / "a.npz"
    further = [f"{name}={value}" for name, value in changes.items()]
    done = simulate(site, output, "fit.json", *further)
    assert done.exit_code == 2
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_an_archive_of_another_band_is_no_set_to_pretrain_on(site, tmp_path):
    other = tmp_path / "other.npz"
    lab = dict(np.load(site / "lab.npz"))
    np.savez(other, **(lab | {"frequency_hz": np.linspace(1e9, 2e9, 201)}))
    done = CliRunner().invoke(
        train.command,
        [
            str(site / "lab.npz"),
            f"--output={tmp_path / 'model'}",
            f"--pretrain={other}",
        ],
    )
    assert done.exit_code == 2
    assert "archive to pre-train on: no sweep" in done.output
    assert len(done.output.strip().splitlines()) == 1
