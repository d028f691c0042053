"""Templates to HTML, under a policy that runs no foreign and no inline code."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.diagnosis import wording as diagnosis_wording
from service.access.permissions import Permission
from service.access.principal import OPEN, PrincipalKind
from service.dashboard import figures, poller_wording, strangeness, wording

_TEMPLATES = Path(__file__).parent / "templates"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Everything comes from this very server, nothing stands inline."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def render(
    request: Request, template: str, *, status_code: int = 200, **values: Any
) -> HTMLResponse:
    """Render one page.

    Parameters
    ----------
    request
        Gives the prefix under which the application is mounted.
    template
        File name in ``templates/``.
    status_code
        HTTP status of the answer.
    **values
        What the template shows; a name that is missing is an error, not a blank.
    """
    root = request.scope.get("root_path", "").rstrip("/")
    page = (
        _environment()
        .get_template(template)
        .render(root=root, status_code=status_code, **_caller(request), **values)
    )
    return HTMLResponse(page, status_code=status_code, headers=_HEADERS)


def _caller(request: Request) -> dict[str, Any]:
    """Say who looks, and what the page may offer; a page that stands alone, all."""
    principal = request.scope.get("state", {}).get("principal", OPEN)
    is_person = principal.kind is PrincipalKind.PERSON
    return {
        "person": principal.name if is_person else None,
        "is_open": principal.kind is PrincipalKind.OPEN,
        "is_known": principal.kind is not PrincipalKind.ANONYMOUS,
        "may_operate": Permission.OPERATE in principal.permissions,
        "may_audit": Permission.ADMIN in principal.permissions,
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for module in (diagnosis_wording, figures, wording, poller_wording, strangeness):
        environment.globals.update(
            {name: value for name, value in vars(module).items() if name[0] != "_"}
        )
    return environment
