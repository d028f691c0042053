"""A connection to the service, as every client of it holds one."""

from types import TracebackType
from typing import Self

import httpx

from instruments.tls import make_tls_context


class ServiceConnection:
    """A connection to the service, usable by several threads.

    Parameters
    ----------
    url
        Root of the service, for instance ``http://127.0.0.1:8000``.
    key
        API key, where the service requires one.
    timeout_s
        Longest silence of the service, in seconds.
    transport
        Another HTTP transport, for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # The service stands on the laboratory's own network: no proxy from outside.
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1",
            timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)),
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
            trust_env=False,
            verify=make_tls_context(),
            transport=transport,
        )

    def __enter__(self) -> Self:
        """Use the client as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
