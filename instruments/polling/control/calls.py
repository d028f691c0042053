"""The calls of the control port: from a body to an answer, without HTTP."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from instruments.polling.control.desk import Desk, NotNowError, UnknownNameError
from instruments.polling.control.requests import (
    BadRequestError,
    CavitiesRequest,
    InhibitRequest,
    PermitRequest,
    TriggerRequest,
    read_body,
)
from instruments.polling.tickets import TicketState

Call = Callable[[bytes], "Answer"]

MAX_WAITING_CALLS = 8
"""Calls that wait for a sweep at the same time; further ones get 202 at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to send back.

    Attributes
    ----------
    status_code
        HTTP status.
    document
        The body, as JSON.
    """

    status_code: int
    document: Mapping[str, Any]


class ControlCalls:
    """Answers the calls of the control port; usable by several threads.

    Parameters
    ----------
    desk
        Where the requests go.
    describe
        Describes the whole poller as a JSON document.
    """

    def __init__(self, desk: Desk, describe: Callable[[], Mapping[str, Any]]) -> None:
        self._desk = desk
        self._describe = describe
        self._waiting = threading.Semaphore(MAX_WAITING_CALLS)
        self._posts: dict[str, Call] = {
            "/inhibit": self._inhibit,
            "/permit": self._permit,
            "/pause": self._pause,
            "/resume": self._resume,
            "/trigger": self._trigger,
        }

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Answer one call; a bad one with one sentence."""
        try:
            return self._dispatch(method, path, body)
        except BadRequestError as error:
            return refusal(400, str(error))
        except UnknownNameError as error:
            return refusal(404, str(error))
        except NotNowError as error:
            return refusal(409, str(error))

    def _dispatch(self, method: str, path: str, body: bytes) -> Answer:
        if method == "POST" and path in self._posts:
            return self._posts[path](body)
        if method == "GET" and path == "/status":
            return Answer(status_code=200, document=self._describe())
        if method == "GET" and path.startswith("/trigger/"):
            return self._ticket(path.removeprefix("/trigger/"))
        return self._unknown(method, path)

    def _inhibit(self, body: bytes) -> Answer:
        request = read_body(InhibitRequest, body)
        cavities = self._desk.cavities_or_all(request.cavities)
        report = self._desk.inhibit(
            cavities,
            holder=request.holder,
            lease_s=request.lease_s,
            timeout_s=request.timeout_s,
        )
        return Answer(
            status_code=200 if report.is_rf_off else 504,
            document={
                "is_rf_off": report.is_rf_off,
                "rf_off": list(report.quiet),
                "unconfirmed": dict(report.unconfirmed),
                "lease_s": request.lease_s,
                "cavities": cavities,
            },
        )

    def _permit(self, body: bytes) -> Answer:
        request = read_body(PermitRequest, body)
        cavities = self._desk.cavities_or_all(request.cavities)
        self._desk.permit(cavities, holder=request.holder)
        return Answer(status_code=200, document={"permitted": cavities})

    def _pause(self, body: bytes) -> Answer:
        request = read_body(CavitiesRequest, body)
        self._desk.pause(self._desk.cavities_or_all(request.cavities))
        return Answer(status_code=200, document={"paused": sorted(self._desk.paused())})

    def _resume(self, body: bytes) -> Answer:
        request = read_body(CavitiesRequest, body)
        self._desk.resume(self._desk.cavities_or_all(request.cavities))
        return Answer(status_code=200, document={"paused": sorted(self._desk.paused())})

    def _trigger(self, body: bytes) -> Answer:
        request = read_body(TriggerRequest, body)
        tickets = self._desk.trigger(
            request.cavity,
            None if request.sweep is None else [request.sweep],
            run=request.run,
            step=request.step,
            expires_s=request.expires_s,
        )
        # Calls that wait for sweeps leave places for those that ask for silence.
        if self._waiting.acquire(blocking=False):
            try:
                self._desk.wait(tickets, request.timeout_s)
            finally:
                self._waiting.release()
        sweeps = [self._desk.describe(ticket.key) or {} for ticket in tickets]
        return Answer(
            status_code=_status_of([sweep.get("state") for sweep in sweeps]),
            document={"sweeps": sweeps},
        )

    def _ticket(self, key: str) -> Answer:
        document = self._desk.describe(key)
        if document is None:
            return refusal(404, "this poller knows no such sweep on demand")
        return Answer(status_code=_status_of([document["state"]]), document=document)

    def _unknown(self, method: str, path: str) -> Answer:
        is_known = path in self._posts or path == "/status"
        there_are = ", ".join(f"POST {one}" for one in self._posts)
        return refusal(
            405 if is_known else 404,
            f"{method} {path[:64]} is no call; there are {there_are}, GET /status "
            "and GET /trigger/IDEMPOTENCY_KEY",
        )


def refusal(status_code: int, sentence: str) -> Answer:
    """Refuse a call with one sentence."""
    return Answer(status_code=status_code, document={"error": sentence})


def _status_of(states: list[Any]) -> int:
    if TicketState.FAILED.value in states:
        return 502
    is_stored = all(state == TicketState.STORED.value for state in states)
    return 200 if is_stored else 202
