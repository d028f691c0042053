import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from instruments.files import LabelledArchive, read_archive, write_archive
from instruments.simulation.physics.chain import (
    OperatingPoint,
    chain_response,
    plates_at,
    usual_receiver,
    with_constants,
)
from service.cli import twin

AXIS_HZ = np.linspace(4e9, 8e9, 401)


def run(*arguments):
    return CliRunner().invoke(twin.command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def archive_file(tmp_path_factory) -> Path:
    """A healthy sweep, and one with a loose connector behind the first coax."""
    point = OperatingPoint(
        plates=plates_at(4.0), cavity_temperature_k=4.0, rod_temperature_k=4.0
    )
    well = usual_receiver()
    name = "weak_line.connectors.2.contact_resistance_ratio"
    sweeps = [
        chain_response(AXIS_HZ, hardware, point)
        for hardware in (well, with_constants(well, {name: 2.0}))
    ]
    names = ("S21", "S23", "S11")
    path = tmp_path_factory.mktemp("twin") / "loose.npz"
    write_archive(
        path,
        LabelledArchive(
            frequency_hz=AXIS_HZ,
            s=np.asarray([[one[key] for key in names] for one in sweeps], np.complex64),
            s_parameters=names,
            cavity=np.asarray(["c1", "c1"]),
            thermal_cycle=np.asarray(["one", "one"]),
            measured_at=np.asarray([1.7e9, 1.7e9 + 60.0]),
            is_reference=np.asarray([True, False]),
            temperature_k=np.asarray([4.0, 4.0]),
            labels={"if_bandwidth_hz": np.asarray([100.0, 100.0])},
            units={"if_bandwidth_hz": "Hz"},
        ),
    )
    return path


def test_a_loose_connector_is_told_in_metres(archive_file):
    done = run("locate", archive_file, "--sweep", 1, "--reference", 0, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["state"] == "located"
    assert document["planes"][0]["line"] == "weak_line"
    assert document["planes"][0]["connector_index"] == 2
    assert abs(document["distance_m"] - document["planes"][0]["distance_m"]) < 0.01


def test_a_sweep_of_unknown_temperature_is_located_at_that_of_its_reference(
    archive_file, tmp_path
):
    archive = read_archive(archive_file)
    path = tmp_path / "unknown.npz"
    write_archive(path, replace(archive, temperature_k=np.asarray([4.0, np.nan])))
    told = [
        run("locate", each, "--sweep", 1, "--reference", 0).stdout
        for each in (archive_file, path)
    ]
    assert told[0] == told[1]
    assert "weak_line connector 2" in told[1]
    done = run("locate", path, "--sweep", 0, "--reference", 1)
    assert done.exit_code == 2
    assert "sweep 1 has no temperature_k: label it" in done.output


def test_nothing_new_is_told_as_such(archive_file):
    done = run("locate", archive_file, "--sweep", 0, "--reference", 0)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("no new reflection")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("locate", "{}", "--sweep", 7, "--reference", 0), "none of the archive's 2"),
        (("locate", "{}", "--sweep", 1, "--reference", 0, "--trace", "S33"), "S33"),
        (("fit", "{}", "--cavity", "c9"), "it has c1"),
        (("fit", "{}", "--cavity", "c1", "--described", "/nowhere"), "/nowhere"),
        (
            ("fit", "{}", "--cavity", "c1", "--output", "/nowhere/x.json"),
            "another path",
        ),
    ],
)
def test_mistakes_are_one_line(archive_file, arguments, words):
    filled = [str(one).replace("{}", str(archive_file)) for one in arguments]
    done = run(*filled)
    assert done.exit_code == 2
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "options"),
    [("fit", ("--cavity", "c1")), ("locate", ("--sweep", 1, "--reference", 0))],
)
def test_a_misfit_describes_no_receiver(archive_file, tmp_path, name, options):
    path = tmp_path / "misfit.json"
    path.write_text('{"state": "misfit", "constants": {}}')
    done = run(name, archive_file, *options, "--described", path)
    assert done.exit_code == 2
    assert "misfit.json: is a fit that ended as a misfit" in done.output
    assert len(done.output.strip().splitlines()) == 1
