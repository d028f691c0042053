"""A wrong array file is one sentence with the key and the mend."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.array import dump_array, load_array, parse_array
from instruments.array.config import (
    ArrayConfig,
    NarrowSweepConfig,
    WideSweepConfig,
)
from instruments.errors import ArrayConfigError
from instruments.measurement import SweepPurpose


def test_complete_file_reads_into_typed_sections(array_text):
    config = parse_array(array_text)
    wide = config.sweeps["wide"]
    assert isinstance(wide, WideSweepConfig)
    assert wide.start_frequency_hz == 4.0e9
    assert wide.purpose is SweepPurpose.WIDE
    assert isinstance(config.sweeps["transmission"], NarrowSweepConfig)
    assert config.sweeps["transmission"].span_linewidths == 10.0
    assert config.instruments.vna["vna-1"].expected_serial == "17"
    assert config.instruments.vna["vna-2"].time_scale == 20.0
    assert config.instruments.sensor["thermometer"].readings["5"] == (
        "receiver_temperature_k"
    )
    assert config.cavities["cavity-1"].thermal_cycle == "2026-11"
    assert config.simulation is None


@pytest.mark.parametrize(
    ("good", "bad", "key", "mend"),
    [
        ("    vna: vna-1", "    vna: vna-9", "cavities.cavity-1.vna", "vna-1, vna-2"),
        (
            "cavity: cavity-1",
            "cavity: cavity-7",
            "instruments.sensor.gaussmeter-1.cavity",
            "cavity-1, cavity-2",
        ),
        (
            "magnetic_field_tesla: stray_field_tesla",
            "magnetic_field_tesla: magnet_field_tesla",
            "cavities.cavity-1.conditions.magnetic_field_tesla",
            "stray_field_tesla",
        ),
        ("{vna: vna-2,", "{vna: vna-1,", "cavities.cavity-2.vna", "of its own"),
        ("{wide: {per", "{wid: {per", "schedule.wid", "wide"),
        (
            "expected_serial",
            "expected_serail",
            "instruments.vna.vna-1.expected_serail",
            "did you mean expected_serial?",
        ),
        ("array:", "zzzzzz: 1\narray:", "zzzzzz", "take it out"),
        (
            '"1": stray_field_tesla}\n    gaussmeter-2',
            '"1": stray_field_k}\n    gaussmeter-2',
            "instruments.sensor.gaussmeter-1.readings.1",
            "_tesla",
        ),
        (
            "5: receiver_temperature_k",
            "5: mixing_chamber_temperature_k",
            "instruments.sensor.thermometer.readings.5",
            "another name",
        ),
        (
            "      temperature_k: receiver",
            "      temperature_m: receiver",
            "cavities.cavity-1.conditions.temperature_m",
            "_k",
        ),
        ("    gaussmeter-1:", "    vna-1:", "instruments.sensor.vna-1", "rename"),
        (
            "stop_frequency_hz: 8.0e9",
            "stop_frequency_hz: 4e9",
            "sweeps.wide",
            "above start_frequency_hz",
        ),
        ("point_count: 801", "point_count: 1", "sweeps.wide.point_count", "equal to 2"),
        (
            "point_count: 801",
            "point_count: eight",
            "sweeps.wide.point_count",
            "valid integer",
        ),
        ("purpose: wide", "purpose: wid", "sweeps.wide.purpose", "wide, transmission"),
        ("[S21, S23", "[S21, S53", "sweeps.wide.s_parameters.1", "S53"),
        ("period_s: 60", "period_s: .inf", "schedule.wide.period_s", "finite"),
        ("period_s: 60", "period_s: yes", "schedule.wide.period_s", "valid number"),
        ("schema_version: 1", "schema_version: 2", "schema_version", "be 1, not 2"),
        ("    purpose: wide\n", "", "sweeps.wide.purpose", "wide, transmission"),
        ("array: {name: demo, site: laptop}\n", "", "array", "is missing; add it"),
        (
            "    point_count: 801\n",
            "    point_count: 801\n    point_count: 802\n",
            "point_count",
            "stands twice",
        ),
        ("{name: demo,", "{name: {demo,", "is no YAML", ""),
        ("cavity-2: {vna", "cavity 2: {vna", "cavities.cavity 2", "look like"),
    ],
)
def test_one_wrong_place_gives_one_sentence_with_key_and_mend(
    array_text, good, bad, key, mend
):
    assert good in array_text
    with pytest.raises(ArrayConfigError) as caught:
        parse_array(array_text.replace(good, bad, 1))
    sentence = str(caught.value)
    assert sentence.startswith(key)
    assert mend in sentence
    assert "\n" not in sentence


def test_disabled_cavity_may_share_a_vna(array_text):
    shared = array_text.replace("{vna: vna-2,", "{vna: vna-1, enabled: false,")
    assert not parse_array(shared).cavities["cavity-2"].enabled


@pytest.mark.parametrize("text", ["", "[1, 2]", "just words", "[" * 3000])
def test_text_without_sections_is_refused(text):
    with pytest.raises(ArrayConfigError):
        parse_array(text)


def test_example_of_the_reference_page_is_an_array_file(root):
    page = (root / "docs/reference/array-file.md").read_text(encoding="utf-8")
    examples = [part.partition("```")[0] for part in page.split("```yaml\n")[1:]]
    (example,) = [text for text in examples if "schema_version" in text]
    config = parse_array(example)
    assert config.cavities["cavity-1"].thermal_cycle == "2026-11"


def test_yaml_tags_construct_nothing():
    with pytest.raises(ArrayConfigError, match="is no YAML"):
        parse_array("array: !!python/object/apply:os.getcwd []")


def test_file_errors_name_the_file(tmp_path, array_text):
    path = tmp_path / "array.yaml"
    with pytest.raises(ArrayConfigError, match=r"array\.yaml: cannot be read"):
        load_array(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ArrayConfigError, match="no UTF-8"):
        load_array(path)
    path.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ArrayConfigError, match="larger than"):
        load_array(path)
    path.write_text(array_text.replace("vna: vna-2", "vna: vna-3"))
    with pytest.raises(ArrayConfigError, match=r"array\.yaml: cavities\.cavity-2\.vna"):
        load_array(path)


def test_dumped_file_reads_back_equal(tmp_path, array_text):
    config = parse_array(array_text + "simulation: {seed: 3}\n")
    dump_array(config, tmp_path / "array.yaml")
    assert load_array(tmp_path / "array.yaml") == config


@given(
    cycle=st.from_regex(r"[0-9eE.+_:-]{1,12}", fullmatch=True),
    frequency_hz=st.floats(min_value=1e5, max_value=1e12),
)
def test_every_text_and_number_survives_the_file(tmp_path_factory, cycle, frequency_hz):
    config = ArrayConfig.model_validate(
        {
            "schema_version": 1,
            "array": {"name": "a"},
            "instruments": {"vna": {"v": {"resource": "r"}}},
            "sweeps": {
                "t": {
                    "purpose": "reflection",
                    "s_parameters": ["S11"],
                    "point_count": 9,
                }
            },
            "schedule": {},
            "cavities": {
                "c": {
                    "vna": "v",
                    "thermal_cycle": cycle,
                    "expected": {
                        "resonant_frequency_hz": frequency_hz,
                        "loaded_q": 10,
                    },
                }
            },
        }
    )
    path = tmp_path_factory.mktemp("array") / "array.yaml"
    dump_array(config, path)
    loaded = load_array(path)
    assert loaded == config
    assert math.isclose(
        loaded.cavities["c"].expected.resonant_frequency_hz, frequency_hz, rel_tol=0
    )
