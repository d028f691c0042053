"""Several commands as one program message."""

from collections.abc import Sequence
from functools import lru_cache


def join_commands(commands: Sequence[str], *, then_query: str | None = None) -> str:
    """Join commands so that each is read from the root of the command tree.

    One message saves a delayed acknowledgement (40 ms and more) a command.

    Parameters
    ----------
    commands
        Headers with their parameters, or questions.
    then_query
        A question such as ``*OPC?`` that ends the message.

    Returns
    -------
    str
        The message without its terminator.
    """
    parts = (*commands,) if then_query is None else (*commands, then_query)
    return _join(parts)


@lru_cache(maxsize=32)
def _join(parts: tuple[str, ...]) -> str:
    # A sweep that is repeated asks for the same again and again.
    message = ""
    for part in parts:
        # Common commands have no place in the tree.
        separator = ";" if part.startswith("*") else ";:"
        message += f"{separator if message else ''}{part.lstrip(':')}"
    return message
