"""What each call needs: a permission, a cavity of the caller's, a longest body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from service.access.permissions import Permission

API = "/api/v1"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

SMALL_BODY_BYTES = 1024 * 1024
"""Longest body of the calls that carry no sweep."""


class Reach(Enum):
    """Which cavities a call touches: what a key for some cavities is held to."""

    ALL = "all"
    """Possibly any, so such a key cannot make it."""

    NONE = "none"
    """None."""

    PATH = "path"
    """The one in the path."""

    QUERY = "query"
    """The one in the parameter ``cavity``."""

    SWEEP = "sweep"
    """That of the sweep in the path."""

    BODY = "body"
    """Those in the body, which the handler looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a call needs.

    Attributes
    ----------
    needs
        Any one of these permissions is enough; empty for what everybody may.
    body_bytes
        Longest body in bytes.
    is_audited
        Whether the call is written into the audit log.
    is_page
        Whether a person's browser asks, which is sent to the login, and which gets a
        page where a program gets a problem document.
    """

    needs: frozenset[Permission]
    reach: Reach = Reach.ALL
    body_bytes: int = SMALL_BODY_BYTES
    is_audited: bool = False
    is_page: bool = False


_READ = frozenset({Permission.READ})
_OPERATE = frozenset({Permission.OPERATE})
_ADMIN = frozenset({Permission.ADMIN})
_DAQ = frozenset({Permission.INGEST, Permission.OPERATE})
_DAQ_READ = frozenset({Permission.INGEST, Permission.READ})
_INGEST = frozenset({Permission.INGEST})
_MODELS = frozenset({Permission.MODELS})

SWEEP_BODY_BYTES = 16 * 1024 * 1024
READINGS_BODY_BYTES = 8 * 1024 * 1024

_PUBLIC = Rule(needs=frozenset[Permission](), reach=Reach.NONE)
_DOOR = Rule(needs=frozenset[Permission](), reach=Reach.NONE, is_page=True)

_RULES = (
    ("GET", r"/static/.*", _PUBLIC),
    ("GET", rf"({API})?/(healthz|readyz)", _PUBLIC),
    ("GET POST", r"/login(/oidc(/callback)?)?", _DOOR),
    ("POST", r"/logout", _DOOR),
    ("GET", r"/(openapi\.json|favicon\.ico)", _PUBLIC),
    ("GET", rf"({API})?/metrics", Rule(needs=_READ)),
    ("GET", r"/audit", Rule(needs=_ADMIN, is_page=True)),
    ("GET", rf"{API}/audit", Rule(needs=_ADMIN)),
    *(
        (
            "POST",
            rf"{API}/{name}",
            Rule(needs=needs, reach=Reach.BODY, body_bytes=body_bytes),
        )
        for name, needs, body_bytes in (
            ("sweeps", _INGEST, SWEEP_BODY_BYTES),
            ("diagnose", _DAQ_READ, SWEEP_BODY_BYTES),
            ("readings", _INGEST, READINGS_BODY_BYTES),
        )
    ),
    (
        "GET",
        rf"{API}/cavities/(?P<cavity>[^/]+)",
        Rule(needs=_DAQ_READ, reach=Reach.PATH),
    ),
    (
        "PUT",
        rf"{API}/cavities/(?P<cavity>[^/]+)",
        Rule(needs=_DAQ, reach=Reach.PATH, is_audited=True),
    ),
    (
        "GET",
        rf"{API}/cavities/(?P<cavity>[^/]+)/.*",
        Rule(needs=_READ, reach=Reach.PATH),
    ),
    (
        "PUT",
        rf"{API}/cavities/(?P<cavity>[^/]+)/hardware/[^/]+",
        Rule(needs=_OPERATE, reach=Reach.PATH, is_audited=True),
    ),
    ("PUT", rf"{API}/pollers/[^/]+", Rule(needs=_INGEST, reach=Reach.NONE)),
    ("DELETE", rf"{API}/pollers/[^/]+", Rule(needs=_OPERATE, is_audited=True)),
    (
        "GET",
        rf"{API}/(sweeps|diagnoses|readings|references|quality-segments|export)",
        Rule(needs=_READ, reach=Reach.QUERY),
    ),
    (
        "GET",
        rf"{API}/sweeps/(?P<sweep>[^/]+?)(\.s[0-9]p|/.*)?",
        Rule(needs=_READ, reach=Reach.SWEEP),
    ),
    (
        "POST PUT DELETE",
        rf"{API}/sweeps/(?P<sweep>[^/]+)/.+",
        Rule(needs=_OPERATE, reach=Reach.SWEEP, is_audited=True),
    ),
    (
        "POST PUT DELETE",
        rf"{API}/(alerts|silences|maintenance-windows)(/.*)?",
        Rule(needs=_OPERATE, is_audited=True),
    ),
    (
        "POST PUT",
        rf"{API}/(runs|thermal-cycles|calibrations)/.+",
        Rule(needs=_DAQ, is_audited=True),
    ),
    (
        "POST PUT DELETE",
        rf"{API}/cavities/(?P<cavity>[^/]+)/.+",
        Rule(needs=_OPERATE, reach=Reach.PATH, is_audited=True),
    ),
    (
        "POST PUT DELETE",
        rf"{API}/models(/.*)?",
        Rule(needs=_MODELS, is_audited=True),
    ),
    ("GET", rf"{API}(/.*)?", Rule(needs=_READ)),
    (
        "GET",
        r"/cavities/(?P<cavity>[^/]+)",
        Rule(needs=_READ, reach=Reach.PATH, is_page=True),
    ),
    ("GET", r"/.*", Rule(needs=_READ, is_page=True)),
)

_UNLISTED = Rule(needs=_ADMIN, is_audited=True)
"""What changes something and stands nowhere above is for administrators."""

_COMPILED = [
    (frozenset(methods.split()), re.compile(pattern, re.DOTALL), rule)
    for methods, pattern, rule in _RULES
]


@lru_cache(maxsize=1024)
def find_rule(method: str, path: str) -> tuple[Rule, Mapping[str, str]]:
    """Return what a call needs, and the cavity or sweep that its path names.

    Parameters
    ----------
    path
        Path below the prefix where the application is mounted.
    """
    asked = "GET" if method in SAFE_METHODS else method
    for methods, pattern, rule in _COMPILED:
        if asked in methods and (match := pattern.fullmatch(path)):
            return rule, {k: v for k, v in match.groupdict().items() if v is not None}
    return _UNLISTED, {}


def path_of(scope: Mapping[str, Any]) -> str:
    """Return the path below the prefix where the application is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path
