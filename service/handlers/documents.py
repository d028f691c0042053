"""What OpenAPI cannot tell from the code: raw bodies and other media types."""

from dataclasses import fields
from typing import Any

from instruments.measurement import TruthFlag
from instruments.measurement.message import MSGPACK_MEDIA_TYPE
from instruments.measurement.poller_status import (
    CavityMode,
    CavityStatus,
    InstrumentStatus,
    SpoolStatus,
    SweepCounts,
)

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

_STAMP: dict[str, Any] = {"type": "string", "format": "date-time"}
_KINDS: dict[str, dict[str, Any]] = {
    "Mapping": {"type": "object", "additionalProperties": {"type": "integer"}},
    "int": {"type": "integer", "minimum": 0},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "datetime": _STAMP,
    "CavityMode": {"enum": [mode.value for mode in CavityMode]},
}


def _record_schema(record: type) -> dict[str, Any]:
    """Describe a section of a poller's status by the fields of its record."""
    known = {
        one.name: next(kind for name, kind in _KINDS.items() if name in str(one.type))
        for one in fields(record)
    }
    return {"type": "object", "properties": known}


PUT_POLLER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["poller", "reported_at", "started_at"],
                    "properties": {
                        "poller": {"type": "string"},
                        "reported_at": _STAMP,
                        "started_at": _STAMP,
                        "period_s": {"type": "number"},
                        "spool": _record_schema(SpoolStatus),
                        "sweeps": _record_schema(SweepCounts),
                        "instruments": {
                            "type": "array",
                            "items": _record_schema(InstrumentStatus),
                        },
                        "cavities": {
                            "type": "array",
                            "items": _record_schema(CavityStatus),
                        },
                    },
                }
            }
        },
    }
}
"""Body of ``PUT /pollers/{name}``."""

POST_DIAGNOSE: dict[str, Any] = {"requestBody": {"required": True, "content": _BODIES}}
"""Body of ``POST /diagnose``."""

_WHERE: dict[str, Any] = {
    "X-Halowatch-Count": {
        "description": "Sweeps or rows in this part.",
        "schema": {"type": "integer"},
    },
    "X-Halowatch-After": {
        "description": "What `after` of the next part is.",
        "schema": {"type": "string"},
    },
    "X-Halowatch-Complete": {
        "description": "Whether nothing was left behind this part.",
        "schema": {"enum": ["true", "false"]},
    },
}

GET_EXPORT: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "One part: a file, or a .zip of several.",
            "headers": _WHERE,
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in (
                    "text/csv",
                    "application/vnd.apache.parquet",
                    "application/x-hdf5",
                    "application/zip",
                    "application/octet-stream",
                )
            },
        },
        "204": {"description": "Nothing is left.", "headers": _WHERE},
    }
}
"""Answers of ``GET /export``."""
