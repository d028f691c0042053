"""Where messages may be sent to: decided once for each, by address."""

import ipaddress
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from instruments.tls import make_tls_context

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.ip_network("64:ff9b::/32")
"""IPv6 addresses behind which any IPv4 address may hide (RFC 6052, RFC 8215)."""

_LOOK_UPS = 8
"""Most look-ups of names at once."""


class ForbiddenDestinationError(httpx.TransportError):
    """A message would go where none may go; another attempt would too."""


class PinnedTransport(httpx.BaseTransport):
    """Looks a name up once, checks what it finds, and connects to just that.

    A name that resolves to another address at the next look cannot lead anywhere else.
    Addresses of the public internet are reached by https alone; all others only within
    the allowed networks.

    Parameters
    ----------
    allowed
        Networks that may be reached although they are not public, and by http too.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = [ipaddress.ip_network(network) for network in allowed]
        # A connection kept would be one that the deadline of a call does not watch.
        self._under = httpx.HTTPTransport(
            verify=make_tls_context(),
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._pool = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="look-up")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the address that was checked."""
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        timeouts = dict(request.extensions.get("timeout", {}))
        began_s = time.monotonic()
        found = self._resolve(host, port, timeouts.get("connect"))
        address = self._choose(host, found, request.url.scheme)
        if timeouts.get("connect") is not None:
            # Looking up and connecting share the time that one of them has.
            left_s = timeouts["connect"] - (time.monotonic() - began_s)
            timeouts["connect"] = max(0.001, left_s)
        request.extensions = {
            **request.extensions,
            "sni_hostname": host,
            "timeout": timeouts,
        }
        request.url = request.url.copy_with(host=str(address))
        return self._under.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._under.close()

    def _resolve(self, host: str, port: int, timeout_s: float | None) -> list[Address]:
        # The system's own look-up knows no deadline.
        looking = self._pool.submit(resolve, host, port)
        try:
            return looking.result(timeout_s)
        except TimeoutError:
            looking.cancel()
            raise httpx.ConnectTimeout(
                f"{host}: no name server answered in {timeout_s:g} s"
            ) from None

    def _choose(self, host: str, found: Sequence[Address], scheme: str) -> Address:
        for address in found:
            if self.permits(address, scheme):
                return address
        raise ForbiddenDestinationError(
            f"{host} is {', '.join(map(str, found))}, where "
            + (
                "nothing may be sent: HALOWATCH_WEBHOOK_NETWORKS names the networks "
                "beside the public internet"
                if not any(is_public(address) for address in found)
                else "only https may go: set an https URL"
            )
        )

    def permits(self, address: Address, scheme: str) -> bool:
        """Tell whether an address may be reached by a scheme."""
        if any(address in network for network in self._allowed):
            return True
        return scheme == "https" and is_public(address)


def is_public(address: Address) -> bool:
    """Tell whether an address is of the public internet."""
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and address not in _TRANSLATED


def resolve(host: str, port: int) -> list[Address]:
    """Look a name up.

    Raises
    ------
    httpx.ConnectError
        If it has no address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} has no address ({error})") from None
    addresses: list[Address] = []
    for _, _, _, _, place in found:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if address not in addresses:
            addresses.append(address)
    return addresses
