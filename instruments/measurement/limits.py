"""The limits of a sweep message, one place for all of them."""

import re

MAX_PORT_COUNT = 4
"""S-parameters run from S11 to S44."""

MAX_POINT_COUNT = 200_001
"""Longest frequency axis."""

MAX_JSON_POINT_COUNT = 2_001
"""Longest axis that the JSON form carries; the msgpack form takes longer ones."""

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Largest body of one POST."""

MAX_TRACE_COUNT = 32
"""Sixteen S-parameters, and room for a second physical path each."""

MAX_SWEEPS_PER_BODY = 4_096
"""Most sweeps in one POST."""

MAX_CONDITION_COUNT = 256
"""Most readings that travel with one sweep."""

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Cavity names: letters, digits, dot, dash, underscore; 64 at most."""

TRACE_NAME = re.compile(r"S[1-4][1-4](:[A-Za-z0-9_-]{1,40})?")
"""An S-parameter, and the physical path after a colon where ports are shared."""

MAX_TEXT_LENGTH = 200
"""Longest free text field (run, step, thermal cycle, route, ...)."""
