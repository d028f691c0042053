"""The JSON schema of the array file, for editors that complete and check it."""

import json

from instruments.array.config import ArrayConfig


def render_schema() -> str:
    """Write the JSON schema of ``array.yaml`` as text, stable in its order."""
    schema = ArrayConfig.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "halowatch array file",
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(render_schema())
