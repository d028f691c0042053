r"""A wire that answers from a recorded conversation, and one that records it.

A transcript is a text file: ``> message`` for what is sent, ``< reply`` for a text
reply, ``<# base64`` for the payload of a block, ``!`` and a word for a failure
(``! timeout``, ``! closed``). A carriage return stands as ``\\r``. Empty lines and
lines that begin with ``;`` are skipped.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from instruments.errors import (
    InstrumentError,
    InstrumentTimeoutError,
    NotConnectedError,
)
from instruments.transport.wire import ANY_LINE, Expected, Payload, Transport, Wire


class TranscriptError(InstrumentError):
    """What was sent is not what the transcript holds, or the file is no transcript."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message and what came back.

    Attributes
    ----------
    message
        What was sent.
    reply
        Text, payload of a block, None where nothing is answered.
    failure
        ``"timeout"`` or ``"closed"`` where the conversation broke here.
    """

    message: str
    reply: str | bytes | None = None
    failure: str | None = None


def read_transcript(path: Path) -> list[Exchange]:
    """Read a transcript file.

    Raises
    ------
    TranscriptError
        If a line is none of the four kinds, or a reply has no message.
    """
    exchanges: list[Exchange] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith(";"):
            continue
        kind, _, rest = line.partition(" ")
        rest = rest.replace("\\r", "\r")
        if kind == ">":
            exchanges.append(Exchange(rest))
        elif exchanges and kind in ("<", "<#", "!"):
            exchanges[-1] = _answered(exchanges[-1].message, kind, rest, number)
        else:
            raise TranscriptError(f"{path}: line {number} is no line of a transcript")
    return exchanges


def write_transcript(path: Path, exchanges: Sequence[Exchange]) -> None:
    """Write a conversation so that ``read_transcript`` reads it back."""
    lines: list[str] = []
    for exchange in exchanges:
        lines.append(f"> {exchange.message}")
        if exchange.failure is not None:
            lines.append(f"! {exchange.failure}")
        elif isinstance(exchange.reply, bytes):
            lines.append(f"<# {base64.b64encode(exchange.reply).decode()}")
        elif exchange.reply is not None:
            lines.append(f"< {exchange.reply}")
    text = "\n".join(line.replace("\r", "\\r") for line in lines)
    path.write_text(text + "\n", encoding="utf-8")


class ReplayWire(Wire):
    """Answers exactly the recorded messages, in their order.

    Parameters
    ----------
    exchanges
        The conversation.
    transport
        What the conversation was carried by.
    """

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        *,
        transport: Transport = Transport.OTHER,
    ) -> None:
        self._exchanges = list(exchanges)
        self._transport = transport
        self._next = 0
        self.is_closed = False

    @property
    def transport(self) -> Transport:
        """What the conversation was carried by."""
        return self._transport

    @property
    def remaining(self) -> int:
        """Messages of the transcript that were not sent yet."""
        return len(self._exchanges) - self._next

    def write(self, message: str) -> None:
        """Accept the next message of the transcript."""
        self._expect(message, type(None))

    def query(self, message: str, expected: Expected = ANY_LINE) -> str:
        """Answer the next message of the transcript with its text."""
        del expected
        reply = self._expect(message, str)
        assert isinstance(reply, str)
        return reply

    def query_block(self, message: str, likely_bytes: int = 0) -> Payload:
        """Answer the next message of the transcript with its block."""
        del likely_bytes
        reply = self._expect(message, bytes)
        assert isinstance(reply, bytes)
        return reply

    def close(self) -> None:
        """End the conversation."""
        self.is_closed = True

    def _expect(self, message: str, kind: type) -> str | bytes | None:
        if self.is_closed:
            raise NotConnectedError("the replayed session is closed")
        if not self.remaining:
            raise TranscriptError(f"the transcript ends before {message!r}")
        exchange = self._exchanges[self._next]
        self._next += 1
        if exchange.message != message:
            raise TranscriptError(
                f"message {self._next} is {message!r}, the transcript has "
                f"{exchange.message!r}"
            )
        if exchange.failure == "timeout":
            raise InstrumentTimeoutError(f"no reply to {message!r} in the transcript")
        if exchange.failure is not None:
            raise NotConnectedError("the transcript closes the connection here")
        if not isinstance(exchange.reply, kind):
            raise TranscriptError(f"{message!r} is answered in another form")
        return exchange.reply


class RecordingWire(Wire):
    """Passes everything on to another wire and keeps the conversation."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.exchanges: list[Exchange] = []

    @property
    def transport(self) -> Transport:
        """What carries the wire below."""
        return self._wire.transport

    def write(self, message: str) -> None:
        """Send and record."""
        self._wire.write(message)
        self.exchanges.append(Exchange(message))

    def query(self, message: str, expected: Expected = ANY_LINE) -> str:
        """Ask and record."""
        reply = self._wire.query(message, expected)
        self.exchanges.append(Exchange(message, reply))
        return reply

    def query_block(self, message: str, likely_bytes: int = 0) -> Payload:
        """Ask for a block and record."""
        reply = self._wire.query_block(message, likely_bytes)
        self.exchanges.append(Exchange(message, bytes(reply)))
        return reply

    def close(self) -> None:
        """Close the wire below."""
        self._wire.close()


def _answered(message: str, kind: str, rest: str, number: int) -> Exchange:
    if kind == "<":
        return Exchange(message, rest)
    if kind == "!":
        return Exchange(message, failure=rest.strip())
    try:
        return Exchange(message, base64.b64decode(rest, validate=True))
    except binascii.Error:
        raise TranscriptError(f"line {number} holds no base64") from None
