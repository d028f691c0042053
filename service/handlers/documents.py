"""What OpenAPI cannot tell from the code: raw bodies and other media types."""

from typing import Any

from instruments.measurement import TruthFlag
from instruments.measurement.message import MSGPACK_MEDIA_TYPE

_SWEEP_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["cavity", "measured_at", "purpose", "traces"],
    "properties": {
        "schema": {"const": 1},
        "cavity": {"type": "string"},
        "measured_at": {"type": "string", "format": "date-time"},
        "purpose": {"enum": ["wide", "transmission", "reflection"]},
        "frequency_hz": {"type": "array", "items": {"type": "number"}},
        "frequency_start_hz": {"type": "number"},
        "frequency_stop_hz": {"type": "number"},
        "point_count": {"type": "integer", "maximum": 2001},
        "traces": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["real", "imag"],
                "properties": {
                    "real": {"type": "array", "items": {"type": "number"}},
                    "imag": {"type": "array", "items": {"type": "number"}},
                },
            },
        },
        "is_reference": {"type": "boolean"},
        "thermal_cycle": {"type": "string"},
        "run": {"type": "string"},
        "step": {"type": "string"},
        "route": {"type": "string"},
        "settings": {"type": "object"},
        "instrument": {"type": "object"},
        "conditions": {"type": "object", "additionalProperties": {"type": "number"}},
        "flags": {
            "type": "array",
            "items": {"enum": [flag.value for flag in TruthFlag]},
        },
        "idempotency_key": {"type": "string"},
    },
}

_BODIES: dict[str, Any] = {
    MSGPACK_MEDIA_TYPE: {
        "schema": {
            "type": "string",
            "format": "binary",
            "description": "One sweep message as a msgpack map, or an array of them.",
        }
    },
    "application/json": {
        "schema": {"anyOf": [_SWEEP_SCHEMA, {"type": "array", "items": _SWEEP_SCHEMA}]}
    },
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "cavity": {"type": "string"},
                "measured_at": {"type": "string", "format": "date-time"},
                "purpose": {"enum": ["wide", "transmission", "reflection"]},
                "is_reference": {"type": "string"},
                "thermal_cycle": {"type": "string"},
                "run": {"type": "string"},
                "step": {"type": "string"},
                "route": {"type": "string"},
                "idempotency_key": {"type": "string"},
            },
        }
    },
}

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
}

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem with a stable code.",
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }
}
"""The answer of every call that fails."""

POST_SWEEPS: dict[str, Any] = {
    "requestBody": {"required": True, "content": _BODIES},
    "parameters": [
        {
            "name": "wait",
            "in": "query",
            "required": False,
            "schema": {"enum": ["diagnosis"]},
            "description": "Answer with the diagnosis too, null if not in time.",
        }
    ],
}
"""Body and parameters of ``POST /sweeps``."""

POST_DIAGNOSE: dict[str, Any] = {"requestBody": {"required": True, "content": _BODIES}}
"""Body of ``POST /diagnose``."""
