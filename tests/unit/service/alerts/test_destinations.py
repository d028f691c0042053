"""Where a webhook may point."""

import ipaddress

import httpx
import pytest

from service.alerts.destinations import PinnedTransport, is_public
from service.alerts.webhook import make_client, send


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b:1::1",
        "::",
    ],
)
def test_no_inner_address_is_public(address):
    assert not is_public(ipaddress.ip_address(address))
    transport = PinnedTransport([])
    for scheme in ("http", "https"):
        assert not transport.permits(ipaddress.ip_address(address), scheme)
    transport.close()


def test_the_public_internet_is_reached_by_https_alone():
    transport = PinnedTransport(["10.0.0.0/24"])
    public = ipaddress.ip_address("93.184.216.34")
    assert transport.permits(public, "https")
    assert not transport.permits(public, "http")
    assert transport.permits(ipaddress.ip_address("10.0.0.9"), "http")
    assert not transport.permits(ipaddress.ip_address("10.0.1.9"), "https")
    transport.close()


@pytest.mark.parametrize("allowed", [[], ["10.0.0.0/8"]])
def test_a_forbidden_place_is_not_called(webhook, allowed):
    with make_client(2.0, allowed) as client:
        sent = send(client, webhook.url, {"a": 1})
    assert not sent.is_delivered
    assert sent.is_permanent
    assert "HALOWATCH_WEBHOOK_NETWORKS" in sent.error
    assert webhook.messages == []


def test_the_name_that_was_asked_for_is_still_said(webhook):
    url = webhook.url.replace("127.0.0.1", "localhost")
    with make_client(2.0) as client:
        assert send(client, url, {"a": 1}).is_delivered
    assert webhook.messages == [{"a": 1}]
    assert webhook.hosts == [httpx.URL(url).netloc.decode()]


def test_a_name_without_an_address_may_have_one_later():
    with make_client(2.0) as client:
        sent = send(client, "https://nowhere.invalid/x", {})
    assert not sent.is_delivered
    assert not sent.is_permanent
