"""Whether a browser's call comes from our own pages."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

Headers = Iterable[tuple[bytes, bytes]]
"""Raw headers, names in lower case."""

PAGE_HEADER = b"x-halowatch"
"""What our own pages send with every unsafe call; a foreign page cannot without being
asked for leave first."""


def header(headers: Headers, name: bytes) -> str | None:
    """Return the first header of a name."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


def is_foreign(headers: Headers, scheme: str, public_url: str) -> bool:
    """Tell whether a page of another site makes the browser send this.

    Browsers say so in ``Sec-Fetch-Site``, older ones and those without TLS in
    ``Origin`` alone; programs send neither.

    Parameters
    ----------
    scheme
        Of the call, ``http`` or ``https``, as a trusted proxy saw it.
    public_url
        Where the site is reached. If it is https there, a page of the same name that
        came without TLS is foreign, whoever may have written it; and behind a proxy
        that is not trusted its own pages are known by it.
    """
    headers = list(headers)
    site = header(headers, b"sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = header(headers, b"origin")
    if origin is None:
        return False
    host = header(headers, b"host")
    public = urlsplit(public_url)
    if public.scheme == "https" and host == public.netloc:
        scheme = "https"
    return origin != f"{scheme}://{host}"


def says_same_origin(headers: Headers) -> bool:
    """Tell whether a browser vouches that the call is ours."""
    headers = list(headers)
    site = header(headers, b"sec-fetch-site")
    return site in ("same-origin", "none") or header(headers, b"origin") is not None


@lru_cache(maxsize=256)
def is_loopback_host(host: str | None) -> bool:
    """Tell whether a Host header names this very machine.

    A page whose name was made to resolve to 127.0.0.1 sends its own name here.
    """
    name = urlsplit(f"//{host or ''}").hostname or ""
    return is_loopback(name) or name.endswith(".localhost")


def is_loopback(name: str) -> bool:
    """Tell whether a host name or address is of the loopback."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
