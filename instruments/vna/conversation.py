"""Messages in one dialect: commands joined, questions too where that is understood."""

from collections.abc import Sequence

from instruments.errors import GarbledReplyError, ScpiError
from instruments.scpi import join_commands
from instruments.transport import Expected, Payload, Transport, Wire
from instruments.vna.dialect import Dialect

_MAX_ERRORS = 50
_BYTES_PER_NUMBER = 32
_MAX_JOINED_COMMANDS = 100


class Conversation:
    """One wire, spoken to in one dialect.

    Parameters
    ----------
    wire
        The session.
    dialect
        The instrument's family.
    """

    def __init__(self, wire: Wire, dialect: Dialect) -> None:
        self._wire = wire
        self._dialect = dialect

    @property
    def dialect(self) -> Dialect:
        """The instrument's family."""
        return self._dialect

    @property
    def transport(self) -> Transport:
        """What carries the messages."""
        return self._wire.transport

    def tell(self, commands: Sequence[str]) -> None:
        """Send commands as one message and wait for nothing.

        Raises
        ------
        ScpiError
            If the dialect's acknowledgement tells of an error.
        """
        if self._dialect.acknowledgement is not None:
            self.confirm(commands)
        elif commands:
            self._wire.write(join_commands(commands) + self._dialect.message_end)

    def confirm(
        self, commands: Sequence[str], *, timeout_s: float | None = None
    ) -> None:
        """Send commands as one message and wait until they are carried out.

        Raises
        ------
        GarbledReplyError
            If ``*OPC?`` is answered with anything but 1.
        ScpiError
            If the dialect's acknowledgement tells of an error.
        """
        commands = self._send_surplus(commands)
        ending = self._dialect.acknowledgement or "*OPC?"
        reply = self._query(join_commands(commands, then_query=ending), timeout_s)
        if self._dialect.acknowledgement is None:
            check_complete(reply)
        elif (entry := self._dialect.parse_error(reply)).error_code:
            raise ScpiError(f"the instrument reports {entry}")

    def ask(self, queries: Sequence[str]) -> list[str]:
        """Ask several questions, in one message where the dialect allows.

        Raises
        ------
        GarbledReplyError
            If there are fewer answers than questions.
        """
        if not queries:
            return []
        if not self._dialect.joins_queries:
            return [self._query(query) for query in queries]
        # Only the last answer may hold a semicolon of its own.
        replies = self._query(join_commands(queries)).split(";", len(queries) - 1)
        if len(replies) != len(queries):
            raise GarbledReplyError(
                f"{len(queries)} questions got {len(replies)} answers"
            )
        return replies

    def confirm_and_ask(
        self, commands: Sequence[str], queries: Sequence[str]
    ) -> list[str]:
        """Send commands, wait until they are carried out, and ask questions.

        Raises
        ------
        GarbledReplyError
            If ``*OPC?`` is answered with anything but 1, or an answer is missing.
        ScpiError
            If the dialect's acknowledgement tells of an error.
        """
        if not self._dialect.joins_queries:
            self.confirm(commands)
            return self.ask(queries)
        commands = self._send_surplus(commands)
        asked = ["*OPC?", *queries]
        message = join_commands([*commands, *asked])
        replies = self._query(message).split(";", len(asked) - 1)
        check_complete(replies[0])
        if len(replies) != len(asked):
            raise GarbledReplyError(
                f"{len(asked)} questions got {len(replies)} answers"
            )
        return replies[1:]

    def ask_block(self, query: str, number_count: int) -> Payload:
        """Ask for a block that should hold so many float64 numbers."""
        message = query + self._dialect.message_end
        return self._wire.query_block(message, 8 * number_count)

    def ask_text(self, query: str, number_count: int) -> str:
        """Ask for a line that should hold so many numbers."""
        expected = Expected(
            max_bytes=4096 + _BYTES_PER_NUMBER * number_count,
            skips_empty_lines=self._dialect.acknowledgement is not None,
        )
        return self._wire.query(query + self._dialect.message_end, expected)

    def drain_errors(self, first: str | None = None) -> list[str]:
        """Empty the error queue.

        Parameters
        ----------
        first
            Answer to the first question, where that was asked with others.

        Returns
        -------
        list of str
            Its entries, oldest first.

        Raises
        ------
        ScpiError
            If the queue still holds something after 50 entries.
        """
        entries: list[str] = []
        for _ in range(_MAX_ERRORS):
            reply = self._query(self._dialect.error_query) if first is None else first
            first = None
            entry = self._dialect.parse_error(reply)
            if entry.error_code == 0:
                return entries
            entries.append(str(entry))
        raise ScpiError(f"the error queue never empties; it ends with {entries[-1]}")

    def _send_surplus(self, commands: Sequence[str]) -> Sequence[str]:
        """Send all but the last hundred commands: input buffers have an end."""
        while len(commands) > _MAX_JOINED_COMMANDS:
            self.tell(commands[:_MAX_JOINED_COMMANDS])
            commands = commands[_MAX_JOINED_COMMANDS:]
        return commands

    def _query(self, message: str, timeout_s: float | None = None) -> str:
        message += self._dialect.message_end
        skips = self._dialect.acknowledgement is not None
        if timeout_s is None and not skips:
            return self._wire.query(message)
        return self._wire.query(
            message, Expected(timeout_s=timeout_s, skips_empty_lines=skips)
        )


def check_complete(reply: str) -> None:
    """Refuse any other answer to ``*OPC?`` than 1.

    Raises
    ------
    GarbledReplyError
        If it is one.
    """
    if reply.strip().lstrip("+") != "1":
        raise GarbledReplyError(f"*OPC? was answered with {reply[:80]!r}")
