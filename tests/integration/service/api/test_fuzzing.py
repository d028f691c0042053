"""No body and no parameter makes the service fail: a whole OpenAPI, hostile bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The long form of the benchmarks asks for more.
EXAMPLES = os.environ.get("SCHEMATHESIS_MAX_EXAMPLES", "3")
DEADLINE_S = 600 if EXAMPLES == "3" else 5000

# The rim is the same on both databases.
pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.timeout(DEADLINE_S),
]

SCHEMATHESIS = Path(sys.executable).with_name("st")


def fuzz(client, folder: Path, *flags: str, parameters: dict[str, str]) -> None:
    """Run schemathesis over the served document; its report is the message."""
    config = folder / "schemathesis.toml"
    lines = [f'"path.{name}" = "{value}"' for name, value in parameters.items()]
    config.write_text("\n".join(["[parameters]", *lines, ""]))
    done = subprocess.run(
        [
            *(str(SCHEMATHESIS), "--config-file", str(config), "run"),
            str(client.base_url.join("/openapi.json")),
            # The stream has no end; tests of its own read it.
            *("--exclude-path", "/api/v1/stream"),
            # What a sweep must hold is more than a schema can say.
            # The service under test is open; test_keys holds the declared access.
            *("--exclude-checks", "positive_data_acceptance,ignored_auth"),
            *("--phases", "coverage,fuzzing", "--seed", "1"),
            *("--continue-on-failure", "--no-color", *flags),
        ],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]


def test_the_whole_openapi_holds(client, tmp_path):
    fuzz(client, tmp_path, "--max-examples", EXAMPLES, parameters={})


def test_the_calls_about_one_thing_hold(client, tmp_path, post, make_sweep):
    (result,) = post(client, make_sweep()).json()["results"]
    fuzz(
        client,
        tmp_path,
        *("--max-examples", EXAMPLES, "--include-path-regex", "sweep_id|cavities"),
        parameters={"sweep_id": result["sweep_id"], "cavity": "cavity-1"},
    )
