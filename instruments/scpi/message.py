"""Several commands as one program message."""

from collections.abc import Sequence


def join_commands(commands: Sequence[str], *, then_query: str | None = None) -> str:
    """Join commands so that each is read from the root of the command tree.

    One message saves a delayed acknowledgement (40 ms and more) a command.

    Parameters
    ----------
    commands
        Headers with their parameters; none of them a query.
    then_query
        A common query such as ``*OPC?`` that ends the message.

    Returns
    -------
    str
        The message without its terminator.
    """
    parts = ";:".join(command.lstrip(":") for command in commands)
    if then_query is None:
        return parts
    return f"{parts};{then_query}" if parts else then_query
