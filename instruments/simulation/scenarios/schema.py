"""The JSON schema of the scenario file, for editors that complete and check it."""

import json

from instruments.simulation.scenarios.sections import Scenario


def render_schema() -> str:
    """Write the JSON schema of a scenario file as text, stable in its order."""
    schema = Scenario.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "halowatch scenario",
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(render_schema())
