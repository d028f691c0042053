"""Which calls come from a page of another site."""

import pytest

from service.access.origins import is_foreign, is_loopback_host


def headers(**given: str) -> list[tuple[bytes, bytes]]:
    return [
        (name.replace("_", "-").encode(), value.encode())
        for name, value in given.items()
    ]


@pytest.mark.parametrize(
    ("given", "foreign"),
    [
        ({}, False),
        ({"sec_fetch_site": "same-origin"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"sec_fetch_site": "same-site"}, True),
        ({"sec_fetch_site": "cross-site", "origin": "http://h:1", "host": "h:1"}, True),
        ({"origin": "http://h:1", "host": "h:1"}, False),
        ({"origin": "http://h:2", "host": "h:1"}, True),
        ({"origin": "http://h:1.evil.example", "host": "h:1"}, True),
        ({"origin": "null", "host": "h:1"}, True),
        ({"origin": "http://h:1"}, True),
    ],
)
def test_a_browser_says_where_it_comes_from(given, foreign):
    assert is_foreign(headers(**given), "http", "http://127.0.0.1:8000") is foreign


@pytest.mark.parametrize(
    ("origin", "scheme", "public_url", "foreign"),
    [
        # Plain http, on the loopback or in a laboratory's own network.
        ("http://h:1", "http", "http://127.0.0.1:8000", False),
        ("https://h:1", "http", "http://127.0.0.1:8000", True),
        # Behind a trusted proxy with TLS; the page without it may be anybody's.
        ("https://h:1", "https", "http://127.0.0.1:8000", False),
        ("http://h:1", "https", "http://127.0.0.1:8000", True),
        # Behind one that is not trusted the site's own address tells.
        ("https://h:1", "http", "https://h:1", False),
        ("http://h:1", "http", "https://h:1", True),
        ("https://other:1", "http", "https://other:1", True),
        # A public address without TLS takes nothing from a proxy that has it.
        ("https://h:1", "https", "http://h:1", False),
    ],
)
def test_a_page_is_of_this_site_by_name_and_by_scheme(
    origin, scheme, public_url, foreign
):
    given = headers(origin=origin, host="h:1")
    assert is_foreign(given, scheme, public_url) is foreign


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("[::1]:80", True),
        ("wall.localhost:8000", True),
        ("127.0.0.1.evil.example", False),
        ("evil.example:8000", False),
        ("10.0.0.1", False),
        ("", False),
        (None, False),
    ],
)
def test_a_name_made_to_resolve_here_is_not_this_machine(host, is_here):
    assert is_loopback_host(host) is is_here
