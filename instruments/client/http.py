"""The calls of an instrument machine to the service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from instruments.client.answers import check_answer, explain
from instruments.client.connection import ServiceConnection
from instruments.client.errors import RejectedError, TryAgainError
from instruments.client.packing import join_messages
from instruments.measurement import Reading, Sweep
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps
from instruments.measurement.poller_status import PollerStatus
from instruments.measurement.poller_status_message import poller_status_to_json
from instruments.measurement.reading_message import reading_to_json

UNREGISTERED_CAVITY = "unregistered_cavity"
"""Code of a rejected sweep whose cavity the service does not know."""

MEASURED_AHEAD = "measured_ahead"
"""Code of a rejected sweep that is dated in the future: the clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """What became of one sweep of a POST.

    Attributes
    ----------
    status
        ``accepted``, ``duplicate`` or ``rejected``.
    sweep_id
        Of the stored sweep, None if it was rejected.
    error
        Why it was rejected, in one sentence.
    code
        Why it was rejected, as a stable name.
    """

    status: str
    sweep_id: str | None = None
    error: str | None = None
    code: str | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the service holds the sweep durably."""
        return self.status in ("accepted", "duplicate")


class SweepClient(ServiceConnection):
    """The calls of an instrument machine, usable by several threads."""

    def post_sweeps(self, sweeps: Sequence[Sweep]) -> list[SweepResult]:
        """Post sweeps.

        Returns
        -------
        list of SweepResult
            One a sweep, in their order.

        Raises
        ------
        TryAgainError
            If the service is not there or cannot take them now.
        RejectedError
            If it refuses the body as a whole.
        """
        return self._post(encode_sweeps(sweeps), len(sweeps))

    def post_messages(self, messages: Sequence[bytes]) -> list[SweepResult]:
        """Post sweep messages that are packed already; see ``post_sweeps``."""
        return self._post(join_messages(messages), len(messages))

    def post_readings(self, readings: Sequence[Reading]) -> None:
        """Post readings.

        Raises
        ------
        TryAgainError, RejectedError
            As ``post_sweeps``.
        """
        body = {"readings": [reading_to_json(reading) for reading in readings]}
        self._call("POST", "/readings", json=body)

    def put_cavity(self, cavity: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Register or update a cavity.

        Returns
        -------
        dict
            The cavity as the service knows it now.

        Raises
        ------
        TryAgainError, RejectedError
            As ``post_sweeps``.
        """
        path = f"/cavities/{quote(cavity, safe='')}"
        return _document(self._call("PUT", path, json=dict(fields)))

    def get_cavity(self, cavity: str) -> dict[str, Any] | None:
        """Fetch a cavity; None where the service does not know it.

        Raises
        ------
        TryAgainError, RejectedError
            As ``post_sweeps``.
        """
        path = f"/cavities/{quote(cavity, safe='')}"
        response = self._call("GET", path, accept=(404,))
        return None if response.status_code == 404 else _document(response)

    def put_poller_status(self, status: PollerStatus) -> None:
        """Tell how a poller fares; it replaces what its name told before.

        Raises
        ------
        TryAgainError, RejectedError
            As ``post_sweeps``.
        """
        path = f"/pollers/{quote(status.poller, safe='')}"
        self._call("PUT", path, json=poller_status_to_json(status))

    def _post(self, body: bytes, count: int) -> list[SweepResult]:
        response = self._call(
            "POST",
            "/sweeps",
            accept=(409, 422),
            content=body,
            headers={"Content-Type": MSGPACK_MEDIA_TYPE},
        )
        document = _document(response)
        results = document.get("results")
        if not isinstance(results, list):
            raise RejectedError(explain(response), response.status_code)
        if len(results) != count:
            raise TryAgainError(
                f"{count} sweeps were posted and {len(results)} results came back"
            )
        return [_read_result(result) for result in results]

    def _call(
        self, method: str, path: str, *, accept: Sequence[int] = (), **options: Any
    ) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            reason = str(error) or type(error).__name__
            raise TryAgainError(
                f"{self._http.base_url} does not answer ({reason})"
            ) from None
        if response.status_code not in accept:
            check_answer(response)
        return response


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise TryAgainError(
            f"{response.url} answers no JSON document: is it halowatch?"
        )
    return document


def _read_result(result: Any) -> SweepResult:
    if not isinstance(result, dict) or result.get("status") not in (
        "accepted",
        "duplicate",
        "rejected",
    ):
        raise TryAgainError(f"{str(result)[:80]} is no result of a posted sweep")
    error = result.get("error")
    return SweepResult(
        status=result["status"],
        sweep_id=None if result.get("sweep_id") is None else str(result["sweep_id"]),
        error=None if error is None else str(error),
        code=None if result.get("code") is None else str(result["code"]),
    )
