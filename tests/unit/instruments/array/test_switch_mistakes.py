"""Mistakes about switches, routes, ports and sensors name their line too."""

import pytest

from instruments.array import dump_array, load_array, load_array_file, parse_array
from instruments.errors import ArrayConfigError

SWITCHED = """\
schema_version: 1
array: {name: shared}
instruments:
  vna:
    vna-1: {resource: "TCPIP::10.0.0.11::hislip0::INSTR"}
  switch:
    matrix:
      driver: mini_circuits_http
      resource: "http://10.0.0.41"
      elements: {A: 2, B: 6}
    relays:
      driver: keysight_34980a
      resource: "TCPIP::10.0.0.42::5025::SOCKET"
      elements:
        in: {"1": [1101], "2": [1102]}
  sensor:
    rod: {driver: http_json, resource: "http://h", readings: {z: rod_m}, units: {z: mm}}
routes:
  left: {matrix: {A: 1, B: 3}, relays: {in: 1}}
  right: {matrix: {A: 2, B: 3}}
sweeps:
  wide:
    purpose: wide
    s_parameters: [S21, S11]
    start_frequency_hz: 4.0e9
    stop_frequency_hz: 8.0e9
    point_count: 801
schedule: {wide: {period_s: 60}}
cavities:
  cavity-1:
    vna: vna-1
    route: left
    expected: {resonant_frequency_hz: 5.1e9, loaded_q: 8000}
  cavity-2:
    vna: vna-1
    routes: {wide: right}
    ports: {1: 2, 2: 1}
    expected: {resonant_frequency_hz: 6.1e9, loaded_q: 8000}
simulation: {models: {vna-1: N5224B}}
control: {port: 8010}
"""

SWITCH_MISTAKES = [
    ("  left: {matrix:", "  left: {matrx:", 19, "routes.left.matrx", "matrix, relays"),
    ("{A: 1, B: 3}", "{A: 1, C: 3}", 19, "routes.left.matrix.C", "(A, B)"),
    ("{A: 1, B: 3}", "{A: 3, B: 3}", 19, "routes.left.matrix.A", "(1, 2)"),
    ("{in: 1}", "{in: 7}", 19, "routes.left.relays.in", "(1, 2)"),
    ("    route: left", "    route: middle", 32, "cavities.cavity-1.route", "left, ri"),
    ("    route: left\n", "", 34, "cavities.cavity-2.vna", "give both"),
    ("{wide: right}", "{wide: left}", 35, "cavities.cavity-2.vna", "exclude each"),
    ("{wide: right}", "{wid: right}", 36, "cavities.cavity-2.routes.wid", "(wide)"),
    ("{wide: right}", "{wide: rigt}", 36, "cavities.cavity-2.routes.wide", "left, ri"),
    ("{matrix: {A: 2,", "{matrix: {A: 1,", 35, "cavities.cavity-2.vna", "exclude"),
    ("{1: 2, 2: 1}", "{1: 2, 2: 2}", 37, "cavities.cavity-2.ports.2", "another one"),
    ("{1: 2, 2: 1}", "{1: 2}", 37, "cavities.cavity-2.ports", "where port 2 of S21"),
    ("{1: 2, 2: 1}", "{1: 5, 2: 1}", 37, "cavities.cavity-2.ports.1", "equal to 4"),
    ("{A: 2, B: 6}", "{A: 3, B: 6}", 10, "matrix.elements.A", "2 (SPDT)"),
    ("{A: 2, B: 6}", "{A: 2, Z: 6}", 10, "matrix.elements.Z", "letters A to H"),
    ('"http://10.0.0.41"', '"10.0.0.41"', 9, "matrix.resource", "http://HOST:PORT"),
    ('in: {"1": [1101], "2": [1102]}', "in: 2", 15, "relays.elements.in", "channels"),
    ("keysight_34980a", "keysight_34970a", 12, "relays.driver", "keysight_34980a"),
    ("units: {z: mm}", "units: {z: inch}", 17, "rod.units.z", "cm, mm"),
    ("units: {z: mm}", "units: {y: mm}", 17, "rod.units.y", "key of readings"),
    ('"http://h"', '"TCPIP::h::80::SOCKET"', 17, "rod.resource", "http://HOST:PORT"),
    ("{z: rod_m}", "{z: rod}", 17, "rod.readings.z", "end in its unit"),
    ("{vna-1: N5224B}", "{vna-2: N5224B}", 39, "simulation.models.vna-2", "vna-1"),
    ("{port: 8010}", "{port: 80100}", 40, "control.port", "65535"),
    (
        "      elements: {A",
        "      settle_ms: 5\n      elements: {A",
        10,
        "settle_ms",
        "settle_time_s",
    ),
]


@pytest.mark.parametrize(("good", "bad", "line", "key", "mend"), SWITCH_MISTAKES)
def test_mistake_about_switches_names_its_line(good, bad, line, key, mend):
    assert good in SWITCHED
    with pytest.raises(ArrayConfigError) as caught:
        parse_array(SWITCHED.replace(good, bad, 1))
    sentence = str(caught.value)
    assert sentence.startswith(f"line {line}: ")
    assert key in sentence
    assert mend in sentence


def test_shared_vna_reads_as_it_stands():
    config = parse_array(SWITCHED)
    assert config.cavities["cavity-1"].route_of("wide") == "left"
    assert config.cavities["cavity-2"].route_of("wide") == "right"
    assert config.cavities["cavity-2"].ports == {1: 2, 2: 1}
    assert config.instruments.switch["matrix"].positions_of("B")[0] == "0"
    assert config.instruments.sensor["rod"].factor_of("z") == 1e-3


def test_truth_words_of_yaml_are_modes_of_the_source():
    for word in ("on", "off", "hold"):
        text = SWITCHED.replace('::INSTR"}', f'::INSTR", rf_idle: {word}}}', 1)
        assert parse_array(text).instruments.vna["vna-1"].rf_idle == word


def test_cavities_on_ports_of_their_own_share_a_vna_without_a_switch():
    text = SWITCHED.replace("    route: left\n", "").replace(
        "{1: 2, 2: 1}", "{1: 3, 2: 4}"
    )
    text = text.replace("    routes: {wide: right}\n", "")
    assert parse_array(text).cavities["cavity-2"].ports == {1: 3, 2: 4}


def test_file_knows_the_line_of_a_mistake_that_shows_later(tmp_path):
    path = tmp_path / "array.yaml"
    path.write_text(SWITCHED)
    file = load_array_file(path)
    error = file.mistake(("cavities", "cavity-2", "ports"), "does not fit")
    assert str(error) == f"{path}, line 37: cavities.cavity-2.ports: does not fit"


def test_every_section_survives_the_file(tmp_path):
    text = SWITCHED.replace('::INSTR"}', '::INSTR", rf_idle: on}', 1)
    config = parse_array(text)
    dump_array(config, tmp_path / "array.yaml")
    assert load_array(tmp_path / "array.yaml") == config
