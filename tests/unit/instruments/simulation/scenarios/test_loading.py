import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from instruments.simulation.scenarios import (
    ScenarioError,
    find_scenario,
    parse_scenario,
    shipped_scenarios,
)
from instruments.simulation.scenarios.schema import render_schema

CHECKED_IN = Path(__file__).parents[5] / "docs/reference/scenario.schema.json"
TEXT = """\
schema_version: 1
scenario: {title: Test, story: A story.}
duration_s: 86400
failures:
  - failure: loose_connector
    cavity: cavity-1
    from_s: 3600
    to_s: 7200
"""


def parse(text):
    return parse_scenario(text, name="test")


def test_ten_scenarios_ship_with_what_a_shift_would_call_them():
    shipped = shipped_scenarios()
    assert len(shipped) == 10
    names = [one.name for one in shipped]
    assert "a-quiet-week" in names
    assert find_scenario("quench").scenario.scenario.title == "Quench"
    assert find_scenario("a quiet week").scenario.failures == ()
    for one in shipped:
        assert one.name == "a-quiet-week" or one.scenario.failures


def test_checked_in_schema_is_generated_from_the_code():
    assert CHECKED_IN.read_text(encoding="utf-8") == render_schema(), (
        "run: python -m instruments.simulation.scenarios.schema"
        " > docs/reference/scenario.schema.json"
    )


def test_schema_accepts_what_the_code_accepts():
    schema = json.loads(render_schema())
    tree = yaml.safe_load(TEXT)
    jsonschema.validate(tree, schema)
    tree["failures"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tree, schema)


FAILURE = "    to_s: 7200\n"
MISTAKES = {
    "a negative time": (("from_s: 3600", "from_s: -1"), "line 7: failures.0.from_s"),
    "an end before the beginning": (("to_s: 7200", "to_s: 60"), "line 8: .*after"),
    "a time after the end": (("from_s: 3600", "from_s: 90000"), "line 7: .*end"),
    "an unknown key": (("to_s:", "until_s:"), "line 8: .*no known key"),
    "an unknown failure": (
        ("failure: loose_connector", "failure: gremlins"),
        "line 5: .*gremlins is no failure; there are circulator_stray_field",
    ),
    "a severity above 1": ((FAILURE, FAILURE + "    severity: 2\n"), "line 9: "),
    "a VNA for a cavity's failure": (
        ("cavity: cavity-1", "vna: vna-1"),
        "line 6: .*does not belong to loose_connector; it takes cavity",
    ),
    "no place": (("    cavity: cavity-1\n", ""), "needs cavity; add it"),
    "a ramp longer than the failure": (
        (FAILURE, FAILURE + "    ramp_s: 4000\n"),
        "line 9: .*longer than the failure lasts",
    ),
    "a setting that it does not have": (
        (FAILURE, FAILURE + "    settings: {colour: 1}\n"),
        "line 9: .*it takes line, connector_index",
    ),
    "a number for a text": (
        (FAILURE, FAILURE + "    settings: {line: 3}\n"),
        "line 9: .*must be a text",
    ),
    "the same failure twice at once": (
        (
            FAILURE,
            FAILURE
            + "  - {failure: loose_connector, cavity: cavity-1, from_s: 7000}\n",
        ),
        "line 9: .*overlaps failures.0",
    ),
    "a ramp of the magnet while it has quenched": (
        (
            FAILURE,
            FAILURE
            + "  - {failure: magnet_quench, from_s: 10, to_s: 900}\n"
            + "magnet: {ramps: [{at_s: 60, field_tesla: 8}]}\n",
        ),
        "line 10: .*quenched",
    ),
    "an intervention without its value": (
        (FAILURE, FAILURE + "interventions: [{work: power, at_s: 1, vna: v}]\n"),
        "line 9: .*power needs source_power_dbm",
    ),
    "two cycles at once": (
        (
            FAILURE,
            FAILURE + "fridge: {thermal_cycles: [{at_s: 600}, {at_s: 700}]}\n",
        ),
        "line 9: .*before the cycle before",
    ),
    "no YAML": (("failures:", "failures: ["), "line .*no YAML"),
    "a duration without end": (("86400", ".inf"), "line 3: duration_s"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_line(mistake):
    (old, new), expected = MISTAKES[mistake]
    assert old in TEXT
    with pytest.raises(ScenarioError, match=expected) as caught:
        parse(TEXT.replace(old, new))
    assert "\n" not in str(caught.value)


def test_the_same_failure_may_come_again_or_elsewhere():
    again = "  - {failure: loose_connector, cavity: cavity-1, from_s: 7200}\n"
    elsewhere = "  - {failure: loose_connector, cavity: cavity-2, from_s: 3600}\n"
    assert len(parse(TEXT + again + elsewhere).scenario.failures) == 3


def test_an_unknown_name_lists_the_shipped_ones():
    with pytest.raises(ScenarioError, match="one of a-quiet-week, "):
        find_scenario("gremlins")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ScenarioError, match=r"none.yaml: cannot be read"):
        find_scenario(str(tmp_path / "none.yaml"))


def test_a_file_is_called_by_its_path(tmp_path):
    path = tmp_path / "night.yaml"
    path.write_text(TEXT.replace("86400", "0"))
    with pytest.raises(ScenarioError, match=r"night\.yaml, line 3: duration_s"):
        find_scenario(str(path))


def test_the_pages_show_what_there_is():
    docs = CHECKED_IN.parents[1]
    page = (docs / "how-to" / "rehearse-a-failure.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    assert parse(example).scenario.failures[0].hit_ratio == 0.8
    reference = (docs / "reference" / "scenario-file.md").read_text(encoding="utf-8")
    for one in shipped_scenarios():
        assert f"`{one.name}`" in reference
