"""From an identified instrument to one that is ready for plans."""

from collections.abc import Sequence
from dataclasses import dataclass

from instruments.errors import (
    IdentityMismatchError,
    ScpiError,
    SettingRefusedError,
)
from instruments.measurement import InstrumentIdentity
from instruments.scpi import format_number, parse_identity
from instruments.transport import Wire
from instruments.vna.commands import own_traces
from instruments.vna.conversation import Conversation
from instruments.vna.dialect import choose_dialect
from instruments.vna.dialects import DIALECTS
from instruments.vna.panel import take_snapshot
from instruments.vna.rules import ReferenceRule, VnaRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was found on an instrument.

    Attributes
    ----------
    other_channels
        The operator's channels.
    existing
        Traces that an earlier session of ours left, name to S-parameter.
    snapshot
        Commands that restore what the operator had set.
    """

    other_channels: Sequence[int]
    existing: dict[str, str]
    snapshot: Sequence[str]


def identify(
    wire: Wire, dialect_name: str, expected_serial: str | None
) -> tuple[InstrumentIdentity, Conversation]:
    """Ask who answers, and choose the dialect to speak to it.

    Raises
    ------
    IdentityMismatchError
        If it is not the instrument that is expected, or no dialect fits.
    """
    identity = parse_identity(wire.query("*IDN?"))
    if expected_serial not in (None, identity.serial):
        raise IdentityMismatchError(
            f"serial number {identity.serial} answers, the array file expects "
            f"{expected_serial}"
        )
    return identity, Conversation(
        wire, choose_dialect(DIALECTS, dialect_name, identity)
    )


def prepare(
    talk: Conversation, rules: VnaRules, earlier_snapshot: Sequence[str]
) -> Prepared:
    """Look at an instrument, and change only what the rules ask for.

    Parameters
    ----------
    talk
        The instrument.
    rules
        What its owner allows.
    earlier_snapshot
        From a session that broke before it could restore; empty if there was none.

    Raises
    ------
    SettingRefusedError
        If the family has no command for what the rules ask.
    ScpiError
        If the instrument refuses one.
    """
    dialect = talk.dialect
    if rules.rf_idle == "off" and not dialect.can_silence:
        raise SettingRefusedError(
            f"no command of {dialect.name} is known that switches the source off; "
            "set rf_idle to hold"
        )
    talk.drain_errors()
    channels = _channels(talk)
    snapshot = earlier_snapshot or take_snapshot(talk, _others(talk, channels))
    if rules.preset_on_connect:
        talk.confirm([dialect.preset])
        channels = _channels(talk)
    if rules.reference is not None:
        _select_reference(talk, rules.reference)
    return Prepared(
        other_channels=_others(talk, channels),
        existing=_existing(talk, channels),
        snapshot=snapshot,
    )


def _channels(talk: Conversation) -> list[int]:
    table = talk.dialect.channels
    if table.query is None or table.parse is None:
        return [table.own_number]
    return table.parse(talk.ask([table.query])[0])


def _others(talk: Conversation, channels: Sequence[int]) -> list[int]:
    return [one for one in channels if one != talk.dialect.channels.own_number]


def _existing(talk: Conversation, channels: Sequence[int]) -> dict[str, str]:
    table = talk.dialect.traces
    if table.catalog_query is None or table.parse_catalog is None:
        return {}
    if talk.dialect.channels.own_number not in channels:
        return {}
    return own_traces(
        talk.dialect, table.parse_catalog(talk.ask([table.catalog_query])[0])
    )


def _select_reference(talk: Conversation, rule: ReferenceRule) -> None:
    table = talk.dialect.reference
    if rule.source not in table.select:
        raise SettingRefusedError(
            f"no command of {talk.dialect.name} is known that selects a reference; "
            "choose it on the instrument and leave reference out"
        )
    if rule.require_lock and table.lock_query is None:
        raise SettingRefusedError(
            f"{talk.dialect.name} is not known to tell whether its reference is "
            "locked; set reference.require_lock to false"
        )
    frequency = format_number(rule.frequency_hz)
    talk.confirm(
        [one.format(frequency_hz=frequency) for one in table.select[rule.source]]
    )
    if entries := talk.drain_errors():
        raise ScpiError(f"the reference was refused: {'; '.join(entries[:5])}")
