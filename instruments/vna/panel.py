"""The front panel: read at connect, given back on release."""

from collections.abc import Sequence

from instruments.scpi import parse_integer
from instruments.vna.conversation import Conversation
from instruments.vna.sections import Remembered

_MAX_TRACES = 64


def take_snapshot(talk: Conversation, other_channels: Sequence[int]) -> list[str]:
    """List the commands that restore what the operator has set; changes nothing.

    Parameters
    ----------
    talk
        The instrument.
    other_channels
        The operator's channels, where the driver has one of its own.

    Returns
    -------
    list of str
        Commands in the order in which they are to be sent.
    """
    dialect = talk.dialect
    commands = _remember_traces(talk)
    commands += [remember_one(talk, one) for one in dialect.remembered]
    commands += [
        remember_one(
            talk,
            Remembered(
                query=one.query.format(channel=channel),
                command=one.command.replace("{channel}", str(channel)),
                words=one.words,
            ),
        )
        for channel in other_channels
        for one in dialect.channels.remembered
    ]
    return commands + _remember_active(talk)


def remember_one(talk: Conversation, setting: Remembered) -> str:
    """Ask for a setting and return the command that sets it so."""
    value = _plain(talk.ask([setting.query])[0])
    return setting.command.format(value=setting.words.get(value.upper(), value))


def _remember_traces(talk: Conversation) -> list[str]:
    count, definition = talk.dialect.traces.count, talk.dialect.traces.definition
    if count is None or definition is None:
        return []
    number_of_traces = min(parse_integer(talk.ask([count.query])[0]), _MAX_TRACES)
    commands = [count.command.format(value=number_of_traces)]
    for number in range(1, number_of_traces + 1):
        query = definition.query.format(number=number)
        value = _plain(talk.ask([query])[0])
        commands.append(definition.command.format(number=number, value=value))
    return commands


def _remember_active(talk: Conversation) -> list[str]:
    table = talk.dialect.channels
    if table.active_trace_query is None:
        return []
    channel = str(table.own_number)
    if table.active_query is not None:
        channel = _plain(talk.ask([table.active_query])[0])
    query = table.active_trace_query.format(channel=channel)
    trace = _plain(talk.ask([query])[0])
    is_some = trace.strip("\"' ") not in ("", "0")
    return [
        template.format(channel=channel, trace=trace)
        for template in table.activate
        if is_some or "{trace}" not in template
    ]


def _plain(reply: str) -> str:
    # Some write a plus sign that they do not take back.
    return reply.strip().replace("+", "")
