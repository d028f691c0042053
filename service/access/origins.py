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


def is_foreign(headers: Headers) -> bool:
    """Tell whether a page of another site makes the browser send this.

    Browsers say so in ``Sec-Fetch-Site``, older ones in ``Origin`` alone; programs send
    neither.
    """
    headers = list(headers)
    site = header(headers, b"sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = header(headers, b"origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc != header(headers, b"host")


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
