"""A VNA family as a table: headers, command templates, sync method, quirks."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from instruments.errors import IdentityMismatchError
from instruments.measurement import InstrumentIdentity
from instruments.scpi import ErrorEntry, parse_error_entry
from instruments.transport import Transport
from instruments.vna.sections import (
    AveragingTable,
    ChannelTable,
    DataForm,
    ReferenceTable,
    Remembered,
    SegmentTable,
    SweepTable,
    TraceTable,
    TransferTable,
)


class Setting(StrEnum):
    """What a plan sets and the driver reads back."""

    START_FREQUENCY = "start_frequency_hz"
    STOP_FREQUENCY = "stop_frequency_hz"
    POINT_COUNT = "point_count"
    IF_BANDWIDTH = "if_bandwidth_hz"
    SOURCE_POWER = "source_power_dbm"
    AVERAGING_COUNT = "averaging_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The commands of one family. Only tables differ, never the procedure.

    Attributes
    ----------
    name
        As in the array file.
    identity_pattern
        Matches ``vendor,model`` of the instruments that speak it.
    setting_headers
        Headers that take a value, and answer it with a question mark appended.
    rf_header
        Header of the source; None where nothing switches it.
    is_silent_when_stopped
        Whether a stopped sweep radiates nothing.
    remembered
        What the operator finds again after release.
    preset
        Brings the instrument to its factory state; sent only if asked.
    error_query, parse_error
        Asks for the oldest error, and reads it.
    joins_queries
        Whether several questions may go in one message, answered between semicolons.
    acknowledgement
        Question that ends every message, where commands may be answered by empty lines.
    message_end
        What an instrument wants before the newline.
    """

    name: str
    identity_pattern: str
    setting_headers: Mapping[Setting, str]
    channels: ChannelTable
    traces: TraceTable
    averaging: AveragingTable
    sweep: SweepTable
    transfer: TransferTable
    segments: SegmentTable | None = None
    reference: ReferenceTable = field(default_factory=ReferenceTable)
    rf_header: str | None = "OUTP"
    is_silent_when_stopped: bool = False
    remembered: Sequence[Remembered] = ()
    preset: str = "SYST:PRES"
    error_query: str = "SYST:ERR?"
    parse_error: Callable[[str], ErrorEntry] = parse_error_entry
    joins_queries: bool = False
    acknowledgement: str | None = None
    message_end: str = ""

    def speaks(self, identity: InstrumentIdentity) -> bool:
        """Tell whether an instrument belongs to this family."""
        text = f"{identity.vendor or ''},{identity.model or ''}"
        return re.search(self.identity_pattern, text, re.IGNORECASE) is not None

    def data_form(self, transport: Transport) -> DataForm:
        """Return how data travel over a transport."""
        if self.transfer.is_text_on_socket and transport is Transport.SOCKET:
            return DataForm.TEXT
        return self.transfer.form

    @property
    def can_silence(self) -> bool:
        """Whether the source can be kept from radiating."""
        return self.rf_header is not None or self.is_silent_when_stopped


def choose_dialect(
    dialects: Sequence[Dialect], name: str, identity: InstrumentIdentity
) -> Dialect:
    """Find the dialect by its name, or for ``auto`` by the instrument's identity.

    Raises
    ------
    IdentityMismatchError
        If no dialect fits.
    """
    for dialect in dialects:
        if dialect.name == name or (name == "auto" and dialect.speaks(identity)):
            return dialect
    known = ", ".join(dialect.name for dialect in dialects)
    raise IdentityMismatchError(
        f"no dialect is known for {identity.vendor} {identity.model}; "
        f"set dialect to one of {known}"
    )
