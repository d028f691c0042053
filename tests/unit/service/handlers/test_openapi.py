"""The checked-in OpenAPI document is the application's."""

import json
import os
import re
from pathlib import Path

import pytest

from service.config import read_config
from service.main import create_app


@pytest.fixture
def document(tmp_path):
    app = create_app(read_config({"HALOWATCH_HOME": str(tmp_path)}))
    try:
        yield app.openapi()
    finally:
        app.state.context.close()


def test_the_document_is_checked_in(document, root: Path):
    path = root / "docs/openapi.json"
    if os.environ.get("HALOWATCH_UPDATE_OPENAPI"):
        path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    assert json.loads(path.read_text()) == json.loads(json.dumps(document)), (
        "run HALOWATCH_UPDATE_OPENAPI=1 .venv/bin/python -m pytest "
        "tests/unit/service/handlers/test_openapi.py"
    )


def test_the_document_holds_the_contract(document):
    paths = document["paths"]
    prefix = "/api/v1"
    for path, method in (
        ("/sweeps", "post"),
        ("/sweeps", "get"),
        ("/sweeps/{sweep_id}", "get"),
        ("/sweeps/{sweep_id}.s2p", "get"),
        ("/sweeps/{sweep_id}/traces", "get"),
        ("/sweeps/{sweep_id}/diagnosis", "get"),
        ("/sweeps/{sweep_id}/keep", "put"),
        ("/sweeps/{sweep_id}/labels", "post"),
        ("/diagnoses", "get"),
        ("/diagnose", "post"),
        ("/readings", "post"),
        ("/readings", "get"),
        ("/cavities", "get"),
        ("/cavities/{cavity}", "put"),
        ("/cavities/{cavity}/trends", "get"),
        ("/alerts", "get"),
        ("/alerts/{alert_id}/acknowledge", "post"),
        ("/models", "get"),
        ("/models/live", "get"),
        ("/models/{version}/promote", "post"),
        ("/models/{version}/rollback", "post"),
        ("/stream", "get"),
    ):
        assert method in paths[prefix + path]
    for path in ("/healthz", "/readyz", "/metrics"):
        assert "get" in paths[path]
    bodies = paths[f"{prefix}/sweeps"]["post"]["requestBody"]["content"]
    assert len(bodies) == 3


def test_every_field_of_a_body_stands_in_the_reference(document, root: Path):
    text = (root / "docs/reference/http.md").read_text()
    schemas = document["components"]["schemas"]
    readings = document["paths"]["/api/v1/readings"]["post"]["requestBody"]
    (reading,) = [
        media["schema"]["properties"]["readings"]["items"]
        for media in readings["content"].values()
    ]
    for name, schema in (
        ("PUT /cavities/{id}", schemas["CavityBody"]),
        ("POST /alerts/{id}/acknowledge", schemas["AcknowledgeBody"]),
        ("POST /models/{version}/promote", schemas["PromotionBody"]),
        ("POST /sweeps/{id}/reference", schemas["ReferenceBody"]),
        ("POST /sweeps/{id}/labels", schemas["LabelBody"]),
        ("POST /readings", reading),
        ("PUT /sweeps/{id}/keep", schemas["KeepBody"]),
        ("PUT /cavities/{id}/hardware/{slot}", schemas["HardwareBody"]),
        ("PUT /thermal-cycles/{name}", schemas["SpanBody"]),
        ("PUT /runs/{name}/steps/{step}", schemas["SpanBody"]),
        ("PUT /runs/{name}", schemas["RunBody"]),
        ("PUT /calibrations/{name}", schemas["CalibrationBody"]),
    ):
        (row,) = [
            line for line in text.splitlines() if line.startswith(f"| `{name}` | `")
        ]
        named = set(re.findall(r"`([a-z_]+)`", row.split("|")[2])) - {"null"}
        assert named == set(schema["properties"])
        for required in schema.get("required", ()):
            assert f"`{required}` (required" in row
