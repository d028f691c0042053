import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import limits

ARRAY = Path(__file__).parents[4] / "service" / "demo" / "array.yaml"


def run(*arguments):
    return CliRunner().invoke(limits.command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    picture = tmp_path_factory.mktemp("limits") / "map.svg"
    done = run(
        ARRAY,
        "--cavity",
        "cavity-2",
        "--temperatures-k",
        "0.05,4",
        "--fields-tesla",
        "0.005",
        "--json",
        "--plot",
        picture,
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), picture.read_text()


def limit_of(document, aid, temperature_k):
    return next(
        one
        for one in document["limits"]
        if one["aid"] == aid and one["temperature_k"] == temperature_k
    )


def test_what_is_not_identifiable_is_no_number(mapped):
    document, _ = mapped
    for aid in ("alone", "reference"):
        assert limit_of(document, aid, 0.05)["log10_temperature_sigma"] is None
        assert limit_of(document, aid, 0.05)["temperature_sigma_k"] is None


def test_a_reference_makes_four_kelvin_readable(mapped):
    document, _ = mapped
    alone = limit_of(document, "alone", 4.0)
    helped = limit_of(document, "reference", 4.0)
    exact = limit_of(document, "exact", 4.0)
    assert alone["log10_temperature_sigma"] > 0.1
    assert exact["log10_temperature_sigma"] <= helped["log10_temperature_sigma"] < 0.05
    assert exact["field_sigma_tesla"] <= helped["field_sigma_tesla"]
    assert helped["field_sigma_tesla"] < alone["field_sigma_tesla"]


def test_the_picture_holds_every_number_and_says_what_grey_is(mapped):
    document, picture = mapped
    assert picture.startswith("<svg")
    assert "not identifiable" in picture
    sigma_tesla = limit_of(document, "reference", 4.0)["field_sigma_tesla"]
    assert f">{1e3 * sigma_tesla:.2g}<" in picture
    assert picture.count(">-<") == 2


def test_what_is_assumed_is_said(mapped):
    document, _ = mapped
    said = " ".join(document["assumptions"])
    assert "4 K" in said
    assert "Cramer-Rao" in said


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--cavity", "cavity-99"], "cavities has no cavity-99"),
        (["--sweep", "narrow"], "sweeps (wide) has no narrow"),
        (["--temperatures-k", "cold"], "cold is no list of numbers"),
        (["--temperatures-k", "nan"], "temperature is nan K"),
        (["--temperatures-k", "0"], "temperature is 0 K"),
        (["--fields-tesla", "3"], "magnetic field is 3 T"),
        (["--reference-temperature-k", "1000"], "temperature is 1000 K"),
        (["--plot", "/nowhere/map.svg"], "/nowhere/map.svg: there is no such folder"),
    ],
)
def test_bad_input_is_one_sentence(arguments, named):
    done = run(ARRAY, *arguments)
    assert done.exit_code == 2
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("halowatch: ")


def test_an_array_file_that_is_not_there_is_one_sentence(tmp_path):
    done = run(tmp_path / "none.yaml")
    assert done.exit_code == 2
    assert "none.yaml" in done.stderr
