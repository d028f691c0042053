"""LibreVNA, through the server of its program: text data, and one client only."""

from instruments.vna.dialect import Dialect, Setting
from instruments.vna.replies import is_false, parse_event_errors, parse_names
from instruments.vna.sections import (
    AveragingTable,
    ChannelTable,
    DataForm,
    ReferenceTable,
    Remembered,
    SweepTable,
    SyncMethod,
    TraceTable,
    TransferTable,
    remember,
)

_SETTINGS = {
    Setting.START_FREQUENCY: "VNA:FREQ:START",
    Setting.STOP_FREQUENCY: "VNA:FREQ:STOP",
    Setting.POINT_COUNT: "VNA:ACQ:POINTS",
    Setting.IF_BANDWIDTH: "VNA:ACQ:IFBW",
    Setting.SOURCE_POWER: "VNA:STIM:LVL",
    Setting.AVERAGING_COUNT: "VNA:ACQ:AVG",
}

LIBREVNA = Dialect(
    name="librevna",
    identity_pattern=r"^librevna",
    setting_headers=_SETTINGS,
    channels=ChannelTable(own_number=1),
    traces=TraceTable(
        define=("VNA:TRAC:NEW {name}", "VNA:TRAC:PARAM {name} {s_parameter}"),
        delete=("VNA:TRAC:DEL {name}",),
        catalog_query="VNA:TRAC:LIST?",
        parse_catalog=parse_names,
    ),
    averaging=AveragingTable(
        set=("VNA:ACQ:AVG {count}",), progress_query="VNA:ACQ:AVGLEV?"
    ),
    sweep=SweepTable(
        arm=("DEV:MODE VNA", "VNA:ACQ:STOP"),
        prepare=("VNA:SWEEP FREQUENCY",),
        type_header="VNA:SWEEPTYPE",
        # Sent again, it triggers again.
        start_single=("VNA:ACQ:SINGLE TRUE",),
        start_averaged=("VNA:ACQ:SINGLE TRUE",),
        stop=("VNA:ACQ:STOP",),
        # Its *OPC? has been seen to answer before the end.
        sync=SyncMethod.MODE,
        done_query="VNA:ACQ:FIN?",
        done_reply="TRUE",
    ),
    transfer=TransferTable(data_query="VNA:TRAC:DATA? {name}", form=DataForm.TRIPLES),
    reference=ReferenceTable(
        select={"internal": ("DEV:REF:IN INT",), "external": ("DEV:REF:IN EXT",)},
        lock_query="DEV:STA:UNLO?",
        is_locked=is_false,
    ),
    rf_header=None,
    is_silent_when_stopped=True,
    remembered=(
        *remember("DEV:MODE", "VNA:SWEEP", "VNA:SWEEPTYPE", *_SETTINGS.values()),
        *remember("VNA:ACQ:SINGLE"),
        Remembered(
            query="VNA:ACQ:RUN?",
            command="VNA:ACQ:{value}",
            words={"TRUE": "RUN", "FALSE": "STOP"},
        ),
    ),
    preset="*RST",
    error_query="*ESR?",
    parse_error=parse_event_errors,
    acknowledgement="*ESR?",
)
