"""Every mistake in an array file is one sentence with its line, its key, its mend."""

import pytest

from instruments.array import parse_array
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
    (
        '"TCPIP::127.0.0.1::hislip0,40001::INSTR"',
        "10.0.0.11",
        5,
        "vna-1.resource: 10.0.0.11 is no VISA resource",
        "TCPIP::10.0.0.11::hislip0::INSTR",
    ),
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


def test_aliases_that_unfold_without_end_are_refused():
    bomb = "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
    )
    with pytest.raises(ArrayConfigError, match="repeats itself"):
        parse_array("a0: &a0 [1]\n" + bomb)
