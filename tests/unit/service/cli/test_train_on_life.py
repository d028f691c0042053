"""Sweeps of the twin are something to train on."""

import json

from click.testing import CliRunner

from service.cli import simulate, train

ARRAY = """\
schema_version: 1
array: {name: bench}
instruments:
  vna:
    vna-1: {resource: "TCPIP::127.0.0.1::hislip0,0::INSTR"}
sweeps:
  wide:
    purpose: wide
    s_parameters: [S21, S23]
    start_frequency_hz: 4.0e9
    stop_frequency_hz: 8.0e9
    point_count: 201
schedule: {wide: {period_s: 60}}
cavities:
  cavity-1:
    vna: vna-1
    expected: {resonant_frequency_hz: 5.1e9, loaded_q: 8000, coupling_beta: 1.5}
"""


def test_a_model_is_trained_on_an_archive_of_the_twin(tmp_path):
    array_file, archive = tmp_path / "array.yaml", tmp_path / "life.npz"
    array_file.write_text(ARRAY)
    made = CliRunner().invoke(
        simulate.command,
        [str(array_file), f"--archive={archive}", "--cycles=3", "--sweeps=24"],
    )
    assert made.exit_code == 0, made.output
    done = CliRunner().invoke(
        train.command,
        [
            str(archive),
            "--output",
            str(tmp_path / "model"),
            "--targets=temperature_k",
            "--json",
        ],
    )
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["trained"] == ["temperature_k"]
    assert document["metrics"]["temperature_k"]["overall"]["rms_error_dex"] > 0.0
