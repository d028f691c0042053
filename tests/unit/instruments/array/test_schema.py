"""The checked-in schema is that of the code, and accepts what the code accepts."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from instruments.array.schema import render_schema

CHECKED_IN = Path(__file__).parents[4] / "docs/reference/array.schema.json"


def test_checked_in_schema_is_generated_from_the_code():
    assert CHECKED_IN.read_text(encoding="utf-8") == render_schema(), (
        "run: python -m instruments.array.schema > docs/reference/array.schema.json"
    )


def test_schema_accepts_the_file_and_refuses_an_unknown_key(array_text):
    schema = json.loads(render_schema())
    text = array_text.replace("4.0e9", "4.0e+9").replace("8.0e9", "8.0e+9")
    text = text.replace("5.1e9", "5.1e+9").replace("6.2e9", "6.2e+9")
    tree = yaml.safe_load(text.replace("5: receiver", '"5": receiver'))
    tree["instruments"]["vna"]["vna-1"]["expected_serial"] = "17"
    jsonschema.validate(tree, schema)
    tree["cavities"]["cavity-1"]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tree, schema)
