"""Fetches what is stored, part by part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from instruments.client.answers import check_answer
from instruments.client.connection import ServiceConnection
from instruments.client.errors import TryAgainError

_CHUNK_BYTES = 256 * 1024
_TIMEOUT_S = 120.0
"""Longest silence while a part is written at the other end, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPart:
    """What one answer of ``GET /export`` told.

    Attributes
    ----------
    count
        Sweeps or rows in the file; where 0, there is none.
    last_id
        What ``after`` of the next call is.
    is_last
        Whether nothing was left behind it.
    """

    count: int
    last_id: str
    is_last: bool


class ExportClient(ServiceConnection):
    """The calls that fetch exports.

    Parameters
    ----------
    url
        Root of the service, for instance ``http://127.0.0.1:8000``.
    key
        API key, where the service requires one.
    """

    def __init__(self, url: str, *, key: str | None = None) -> None:
        super().__init__(url, key=key, timeout_s=_TIMEOUT_S)

    def fetch(
        self, query: Mapping[str, str | Sequence[str]], after: str, target: Path
    ) -> FetchedPart:
        """Fetch one part into a file, which is there as a whole or not at all.

        Parameters
        ----------
        query
            Parameters of ``GET /export``, but ``after``.
        after
            Where the part begins behind; "" for the first.

        Raises
        ------
        TryAgainError
            If the service is not there, cannot serve it now, or broke off.
        RejectedError
            If it refuses the call.
        """
        growing = target.with_name(f".{target.name}.partial")
        params = {**query, "after": after}
        try:
            with self._http.stream("GET", "/export", params=params) as answer:
                if not answer.is_success:
                    answer.read()
                check_answer(answer)
                part = _read_position(answer)
                with growing.open("wb") as file:
                    for chunk in answer.iter_raw(_CHUNK_BYTES):
                        file.write(chunk)
            if part.count:
                growing.replace(target)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            reason = str(error) or type(error).__name__
            raise TryAgainError(
                f"{self._http.base_url} does not answer, or broke off ({reason})"
            ) from None
        finally:
            growing.unlink(missing_ok=True)
        return part


def _read_position(answer: httpx.Response) -> FetchedPart:
    count = answer.headers.get("X-Halowatch-Count", "")
    if not count.isdecimal():
        raise TryAgainError(f"{answer.url} answers no export: is it halowatch?")
    return FetchedPart(
        count=int(count),
        last_id=answer.headers.get("X-Halowatch-After", ""),
        is_last=answer.headers.get("X-Halowatch-Complete") == "true",
    )
