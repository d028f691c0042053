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
    assert is_foreign(headers(**given)) is foreign


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
