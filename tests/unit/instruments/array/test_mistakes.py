"""Every mistake in an array file is one sentence with its line, its key, its mend."""

import pytest

from instruments.array import load_array_file, parse_array
from instruments.errors import ArrayConfigError

MISTAKES = [
    # unknown, misspelt and missing keys
    ("array:", "zzzzzz: 1\narray:", 2, "zzzzzz: is no known key", "take it out"),
    ("expected_serial", "expected_serail", 5, "vna-1.expected_serail", "did you mean"),
    ("    purpose: wide\n", "", 23, "sweeps.wide", "purpose must be wide"),
    ("array: {name: demo, site: laptop}\n", "", 1, "array", "is missing; add it"),
    ("{name: demo, site", "{site", 2, "array.name", "is missing; add it"),
    (", loaded_q: 9000", "", 39, "cavities.cavity-2.expected.loaded_q", "add it"),
    ("schedule:", "  schedule:", 30, "sweeps.schedule", "purpose must be wide"),
    (
        "    point_count: 801",
        "    points: 801",
        28,
        "sweeps.wide.points",
        "point_count",
    ),
    (
        "    point_count: 801\n",
        "    point_count: 801\n    point_count: 802\n",
        29,
        "sweeps.wide.point_count: stands twice",
        "first in line 28",
    ),
    # wrong units
    ("period_s: 60", "period_ms: 60000", 30, "schedule.wide.period_ms", "period_s, in"),
    (
        "resonant_frequency_hz: 5.1e9",
        "resonant_frequency_ghz: 5.1",
        34,
        "cavities.cavity-1.expected.resonant_frequency_ghz",
        "give resonant_frequency_hz, in hertz",
    ),
    (
        "resonant_frequency_hz: 5.1e9",
        "f0_ghz: 5.1",
        34,
        "cavities.cavity-1.expected.f0_ghz",
        "give resonant_frequency_hz, in hertz",
    ),
    (
        "resonant_frequency_hz: 5.1e9",
        "resonant_frequency_hz: 5.1",
        34,
        "cavities.cavity-1.expected.resonant_frequency_hz",
        "too low for hertz",
    ),
    ("5.1e9", "5.1 GHz", 34, "resonant_frequency_hz", "bare number in hertz"),
    ("period_s: 60", "period_s: 1 min", 30, "schedule.wide.period_s", "in seconds"),
    ("time_scale: 20.0", "open_timeout_ms: 20", 6, "vna-2.open_timeout_ms", "in seco"),
    (
        '"1": stray_field_tesla}\n    gaussmeter-2',
        '"1": stray_field_k}\n    gaussmeter-2',
        16,
        "instruments.sensor.gaussmeter-1.readings.1",
        "must end in _tesla",
    ),
    (
        "      temperature_k: receiver",
        "      temperature_m: receiver",
        37,
        "cavities.cavity-1.conditions.temperature_m",
        "must end in _k",
    ),
    # names that nothing defines
    ("    vna: vna-1", "    vna: vna-9", 33, "cavities.cavity-1.vna", "vna-1, vna-2"),
    ("cavity: cavity-1", "cavity: cavity-7", 15, "gaussmeter-1.cavity", "cavity-1, c"),
    (
        "magnetic_field_tesla: stray_field_tesla",
        "magnetic_field_tesla: magnet_field_tesla",
        38,
        "cavities.cavity-1.conditions.magnetic_field_tesla",
        "stray_field_tesla",
    ),
    ("{wide: {per", "{wid: {per", 30, "schedule.wid", "among sweeps"),
    ("5: receiver", "17: receiver", 11, "thermometer.readings.17", "no such input"),
    ("driver: lakeshore_372", "driver: lakeshore", 9, "thermometer.driver", "must be"),
    # two things in one place
    ("{vna: vna-2,", "{vna: vna-1,", 39, "cavities.cavity-2.vna", "of its own"),
    ("    gaussmeter-1:", "    vna-1:", 12, "instruments.sensor.vna-1", "rename one"),
    (
        "5: receiver_temperature_k",
        "5: mixing_chamber_temperature_k",
        11,
        "instruments.sensor.thermometer.readings.5",
        "another name",
    ),
    (
        "127.0.0.1::40002::SOCKET",
        "10.0.0.9::hislip0::INSTR",
        6,
        None,
        None,
    ),
    # values that cannot be
    ("point_count: 801", "point_count: 1", 28, "sweeps.wide.point_count", "equal to 2"),
    ("point_count: 801", "point_count: eight", 28, "wide.point_count", "valid integer"),
    ("point_count: 801", "point_count:", 28, "wide.point_count", "without a value"),
    ("purpose: wide", "purpose: wid", 23, "sweeps.wide", "wide, transmission"),
    ("[S21, S23", "[S21, S53", 25, "sweeps.wide.s_parameters.1", "S11 to S44"),
    ("period_s: 60", "period_s: .inf", 30, "schedule.wide.period_s", "finite"),
    ("period_s: 60", "period_s: -60", 30, "schedule.wide.period_s", "greater than 0"),
    ("schema_version: 1", "schema_version: 2", 1, "schema_version", "be 1, not 2"),
    ("stop_frequency_hz: 8.0e9", "stop_frequency_hz: 4e9", 27, "wide.stop_freq", "abo"),
    ("cavity-2: {vna", "cavity 2: {vna", 39, "cavities.cavity 2", "is no name"),
    (
        "expected_serial: 17",
        "rf_idle: dim",
        5,
        "vna-1.rf_idle",
        "'on', 'off' or 'hold'",
    ),
    ("expected_serial: 17", "dialect: hp", 5, "vna-1.dialect", "librevna"),
    (
        "expected_serial: 17",
        "max_source_power_dbm: -30",
        23,
        "sweeps.wide.source_power_dbm: -20 dBm is above what vna-1 may send",
        "lower it",
    ),
    ("expected_serial: 17", "max_point_count: 500", 28, "wide.point_count", "fewer"),
    (
        "    point_count: 801\n",
        "    point_count: 801\n    fine: {point_count: 800}\n",
        29,
        "sweeps.wide.fine.point_count",
        "at most 797",
    ),
    # no YAML
    ("{name: demo,", "{name: {demo,", 2, "is no YAML: a { is opened here", "braces"),
    ("[S21, S23, S11]", "[S21, S23, S11", 25, "is no YAML: a [ is", "brackets"),
    ("array:", "\tarray:", 2, "is no YAML: a tab", "spaces"),
    ("site: laptop", "site: 'laptop", 2, "is no YAML: a quote", "close it"),
    ("vna: vna-1", "vna: vna-1: x", 33, "is no YAML: a colon", "quote the text"),
    ("vna: vna-1", "vna: *v", 33, "is no YAML: a *name", "write it out"),
    ("name: demo", "name: !!python/name:os.getcwd ''", 2, "is no YAML: a !tag", "out"),
    ("    thermal_cycle", "   thermal_cycle", 32, "is no YAML: the indent", "line the"),
    ("cavities:", "---\ncavities:", 31, "is no YAML: a second document", "---"),
]


@pytest.mark.parametrize(("good", "bad", "line", "key", "mend"), MISTAKES)
def test_one_mistake_is_one_sentence_with_line_key_and_mend(
    array_text, good, bad, line, key, mend
):
    assert good in array_text
    text = array_text.replace(good, bad, 1)
    if key is None:
        text = text.replace("127.0.0.1::hislip0,40001", "10.0.0.9::hislip0")
        key, mend = "instruments.vna.vna-2.resource", "in one place"
    with pytest.raises(ArrayConfigError) as caught:
        parse_array(text)
    sentence = str(caught.value)
    assert sentence.startswith(f"line {line}: ")
    assert key in sentence
    assert mend in sentence
    assert "\n" not in sentence


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


def test_aliases_that_unfold_without_end_are_refused():
    bomb = "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
    )
    with pytest.raises(ArrayConfigError, match="repeats itself"):
        parse_array("a0: &a0 [1]\n" + bomb)


def test_file_knows_the_line_of_a_mistake_that_shows_later(tmp_path):
    path = tmp_path / "array.yaml"
    path.write_text(SWITCHED)
    file = load_array_file(path)
    error = file.mistake(("cavities", "cavity-2", "ports"), "does not fit")
    assert str(error) == f"{path}, line 37: cavities.cavity-2.ports: does not fit"
