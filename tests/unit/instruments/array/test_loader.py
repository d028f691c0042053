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


def test_disabled_cavity_may_share_a_vna(array_text):
    shared = array_text.replace("{vna: vna-2,", "{vna: vna-1, enabled: false,")
    assert not parse_array(shared).cavities["cavity-2"].enabled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "just words",
        "[" * 3000,
        "a: \0",
        "! 1 2\n5.1 3",
        "# GHz S RI R 50",
    ],
)
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
    with pytest.raises(
        ArrayConfigError, match=r"array\.yaml, line 39: cavities\.cavity-2"
    ):
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
            "instruments": {"vna": {"v": {"resource": "TCPIP::vna::INSTR"}}},
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
