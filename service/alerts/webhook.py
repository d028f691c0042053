"""Sends one message to one webhook, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from service.alerts.deadline import Deadline
from service.alerts.destinations import ForbiddenDestinationError, PinnedTransport

LOOPBACK = ("127.0.0.0/8", "::1/128")
"""What may be reached beside the public internet unless somebody says otherwise."""

_TRANSIENT = frozenset({408, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one attempt.

    Attributes
    ----------
    is_permanent
        Whether another attempt could not succeed either.
    """

    is_delivered: bool
    is_permanent: bool = False
    http_status: int | None = None
    error: str | None = None


def make_client(timeout_s: float, allowed: Sequence[str] = LOOPBACK) -> httpx.Client:
    """Build a client that waits no longer than ``timeout_s`` and never redirects.

    Parameters
    ----------
    timeout_s
        Longest wait for a connection or a byte, in seconds; :func:`send` bounds the
        whole call by it too.
    allowed
        Networks that may be reached beside the public internet.
    """
    return httpx.Client(
        timeout=timeout_s,
        follow_redirects=False,
        headers={"User-Agent": "halowatch"},
        transport=PinnedTransport(allowed),
    )


def send(client: httpx.Client, url: str, message: dict[str, Any]) -> Sent:
    """Post a message; any 2xx answer counts as delivered.

    The body of the answer is not read: what comes back is nobody's business. From the
    look-up of the name to the last header it takes no longer than the client's timeout,
    even where the answer drips in byte by byte.
    """
    deadline = Deadline(client.timeout.read or 0.0)
    try:
        with (
            deadline,
            client.stream(
                "POST", url, json=message, extensions=deadline.extensions
            ) as response,
        ):
            return _judge(response.status_code)
    except httpx.InvalidURL as error:
        return Sent(is_delivered=False, is_permanent=True, error=f"bad URL: {error}")
    except ForbiddenDestinationError as error:
        return Sent(is_delivered=False, is_permanent=True, error=str(error))
    except httpx.HTTPError as error:
        if deadline.is_over or isinstance(error, httpx.ReadTimeout):
            return Sent(is_delivered=False, error=deadline.sentence)
        return Sent(is_delivered=False, error=f"{type(error).__name__}: {error}")


def _judge(status: int) -> Sent:
    if 200 <= status < 300:
        return Sent(is_delivered=True, http_status=status)
    if 300 <= status < 400:
        return Sent(
            is_delivered=False,
            is_permanent=True,
            http_status=status,
            error=f"answered {status}: redirects are not followed; set the final URL",
        )
    is_permanent = 400 <= status < 500 and status not in _TRANSIENT
    return Sent(
        is_delivered=False,
        is_permanent=is_permanent,
        http_status=status,
        error=f"answered {status}",
    )
