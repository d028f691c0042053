"""The cookie that carries a person's session."""

from http.cookies import CookieError, SimpleCookie

from service.access.origins import Headers, header

SESSION = "halowatch_session"
OIDC_FLOW = "halowatch_oidc"

_SECURE = "__Host-"
"""Prefix where the site is reached by https: browsers then refuse a cookie that another
host, or one without TLS, has set."""

LONGEST = 4096
"""Longest cookie header that is looked at, in characters."""


def cookie_name(name: str, *, secure: bool) -> str:
    """Return the name under which a cookie is set."""
    return _SECURE + name if secure else name


def read_cookie(headers: Headers, name: str) -> str | None:
    """Return one of our cookies, or None."""
    text = header(headers, b"cookie")
    if text is None or len(text) > LONGEST:
        return None
    try:
        found = SimpleCookie(text)
    except CookieError:
        return None
    for known in (_SECURE + name, name):
        if known in found and found[known].value:
            return found[known].value
    return None
