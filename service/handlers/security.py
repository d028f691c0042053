"""Tells in the OpenAPI document which key or session each call needs."""

from typing import Any

from service.access.cookies import SESSION
from service.access.permissions import roles_granting, scopes_granting
from service.access.routes import find_rule

KEY_SCHEME = "key"
SESSION_SCHEME = "session"

_SCHEMES: dict[str, Any] = {
    KEY_SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "hw_ and 43 characters",
        "description": "A key that `halowatch keys create` made. Each call names the "
        "scopes that open it; a key may be bound to cavities. Where HALOWATCH_API_KEYS "
        "is open, whoever is on the machine needs none.",
    },
    SESSION_SCHEME: {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION,
        "description": "The cookie of a log-in at /login, `__Host-` before its name "
        "over https. Each call names the roles that open it; one that changes "
        "something needs the header X-Halowatch too.",
    },
}


def declare_security(document: dict[str, Any]) -> None:
    """Write schemes, and what each call needs, into an OpenAPI document.

    What stands in the list of a call are alternatives, each with the scope of a key or
    the role of a person; an empty list is a public call.
    """
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            call["security"] = _alternatives(method.upper(), path)


def _alternatives(method: str, path: str) -> list[dict[str, list[str]]]:
    rule, _ = find_rule(method, path)
    scopes, roles = scopes_granting(rule.needs), roles_granting(rule.needs)
    return [
        *({KEY_SCHEME: [scope.value]} for scope in scopes),
        *({SESSION_SCHEME: [role.value]} for role in roles),
    ]
