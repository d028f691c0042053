import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from instruments.files import LabelledArchive, write_archive
from instruments.simulation.physics.chain import (
    draw_unit,
    list_constants,
    mated_again,
    usual_receiver,
    with_constants,
)
from instruments.simulation.physics.chain.drawing import CABLES_TOUCHED
from service.cli import twin
from tests.unit.models.twin.precise_sweeps import TRACES, measured, reference

AXIS_HZ = np.linspace(4e9, 8e9, 61)
STRAY = "weak_line.connectors.1.reactance_ratio"


def run(*arguments):
    return CliRunner().invoke(twin.command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A described cavity; its reference, a sweep at 77 K, and one that is faulty."""
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("estimate")
    rng = np.random.default_rng(21)
    described = draw_unit(usual_receiver(has_jpa=False), rng)
    constants = {known.name: known.value for known in list_constants(described)}
    (path / "twin.json").write_text(json.dumps({"constants": constants}))
    hardware = mated_again(described, CABLES_TOUCHED, rng)
    plane = hardware.weak_line.connectors[1].reactance_ratio
    sick = with_constants(hardware, {STRAY: plane + 0.1})
    sweeps = [
        reference(hardware, AXIS_HZ, rng).sweep,
        measured(hardware, 77.0, 0.005, AXIS_HZ, rng),
        measured(sick, 77.0, 0.005, AXIS_HZ, rng),
        measured(hardware, 77.0, 0.005, AXIS_HZ, rng),
    ]
    samples = [[sweep.traces[name] for name in TRACES] for sweep in sweeps]
    write_archive(
        path / "sweeps.npz",
        LabelledArchive(
            frequency_hz=AXIS_HZ,
            s=np.asarray(samples, np.complex64),
            s_parameters=TRACES,
            cavity=np.asarray(["c1", "c1", "c1", "c1"]),
            thermal_cycle=np.asarray(["one", "one", "one", "two"]),
            measured_at=1.7e9 + 60.0 * np.arange(4),
            is_reference=np.asarray([True, False, False, False]),
            temperature_k=np.asarray([4.0, np.nan, np.nan, np.nan]),
        ),
    )
    return path


def estimate(folder, *arguments):
    return run(
        "estimate",
        folder / "sweeps.npz",
        *("--cavity", "c1", "--no-jpa", "--described", folder / "twin.json"),
        *arguments,
    )


def test_a_sweep_is_estimated_and_a_faulty_one_is_not(folder):
    output = folder / "estimates.json"
    done = estimate(folder, "--sweep", 1, "--sweep", 2, "--json", "--output", output)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document == json.loads(output.read_text())
    well, faulty = document["sweeps"]
    assert (well["sweep"], well["reference"], well["state"]) == (1, 0, "estimated")
    temperature = well["temperature_k"]
    assert temperature["p05"] < temperature["median"] < temperature["p95"]
    assert temperature["median"] == pytest.approx(77.0, rel=0.05)
    assert well["magnetic_field_tesla"]["median"] == pytest.approx(0.005, abs=1e-3)
    assert faulty["state"] == "misfit"
    assert faulty["temperature_k"] is None
    assert "GHz" in faulty["reason"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--sweep", 9), "9 is none of"),
        (("--sweep", 3), "cycle two of c1 has no reference"),
        (("--sweep", 1, "--reference", 3), "no sweep of c1 in cycle one"),
        (("--sweep", 2, "--reference", 1), "has no temperature_k"),
        (("--cavity", "c9"), "it has c1"),
        (("--described", "gone.json"), "gone.json"),
        (("--output", "/nowhere/x.json"), "name another path"),
        (("--if-bandwidth-hz", "nan"), "above 0 Hz"),
    ],
)
def test_bad_input_is_one_sentence(folder, arguments, named):
    done = estimate(folder, *arguments)
    assert done.exit_code == 2, done.output
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
