"""The ENA and those that follow it: numbered traces on the operator's channel.

All that the driver changes there is read at connect and given back on release.
"""

from instruments.measurement import SegmentLimits
from instruments.vna.dialect import Dialect, Setting
from instruments.vna.sections import (
    AveragingTable,
    ChannelTable,
    DataForm,
    ReferenceTable,
    Remembered,
    SegmentTable,
    SweepTable,
    SyncMethod,
    TraceTable,
    TransferTable,
    remember,
)

_SETTINGS = {
    Setting.START_FREQUENCY: "SENS1:FREQ:STAR",
    Setting.STOP_FREQUENCY: "SENS1:FREQ:STOP",
    Setting.POINT_COUNT: "SENS1:SWE:POIN",
    Setting.IF_BANDWIDTH: "SENS1:BWID",
    Setting.SOURCE_POWER: "SOUR1:POW",
    Setting.AVERAGING_COUNT: "SENS1:AVER:COUN",
}
_STIMULUS = tuple(_SETTINGS.values())

_CHANNELS = ChannelTable(
    own_number=1,
    active_trace_query="SERV:CHAN1:TRAC:ACT?",
    activate=("CALC1:PAR{trace}:SEL",),
)

_TRACES = TraceTable(
    prepare=("CALC1:PAR:COUN {trace_count}",),
    define=("CALC1:PAR{number}:DEF {s_parameter}",),
    count=Remembered(query="CALC1:PAR:COUN?", command="CALC1:PAR:COUN {value}"),
    definition=Remembered(
        query="CALC1:PAR{number}:DEF?", command="CALC1:PAR{number}:DEF {value}"
    ),
)

_AVERAGING = AveragingTable(
    # One trigger runs the whole average.
    set=("SENS1:AVER {state}", "SENS1:AVER:COUN {count}", "TRIG:AVER {state}"),
    state_header="SENS1:AVER",
)

_SWEEP = SweepTable(
    arm=("TRIG:SOUR BUS",),
    prepare=("INIT1:CONT ON",),
    type_header="SENS1:SWE:TYPE",
    start_single=("TRIG:SING",),
    start_averaged=("SENS1:AVER:CLE", "TRIG:SING"),
    stop=("ABOR",),
    sync=SyncMethod.EVENT,
    time_query="SENS1:SWE:TIME?",
)

_SEGMENT_TABLE = Remembered(query="SENS1:SEGM:DATA?", command="SENS1:SEGM:DATA {value}")

_SEGMENTS = SegmentTable(
    limits=SegmentLimits(max_segment_count=201),
    table=("SENS1:SEGM:DATA 5,0,1,1,0,0,{segment_count},{rows}",),
    row="{start_hz},{stop_hz},{point_count},{if_bandwidth_hz},{source_power_dbm}",
    remembered=_SEGMENT_TABLE,
)

_BLOCK = ("FORM:DATA REAL", "FORM:BORD SWAP")
_TEXT = ("FORM:DATA ASC",)

KEYSIGHT_ENA = Dialect(
    name="keysight_ena",
    identity_pattern=r"^(keysight|agilent|hewlett).*,\s*E50[67]",
    setting_headers=_SETTINGS,
    channels=_CHANNELS,
    traces=_TRACES,
    averaging=_AVERAGING,
    sweep=_SWEEP,
    segments=_SEGMENTS,
    transfer=TransferTable(
        data_query="CALC1:PAR{number}:SEL;:CALC1:SEL:DATA:SDAT?",
        axis_query="SENS1:FREQ:DATA?",
        block=_BLOCK,
        text=_TEXT,
    ),
    remembered=(
        *remember("SENS1:SWE:TYPE", *_STIMULUS, "SENS1:AVER", "TRIG:AVER"),
        *remember("FORM:DATA", "FORM:BORD", "OUTP", "TRIG:SOUR", "INIT1:CONT"),
    ),
    preset="*RST",
    joins_queries=True,
)
"""E5061, E5062, E5063, E5071 and E5072."""

COPPER_MOUNTAIN = Dialect(
    name="copper_mountain",
    identity_pattern=r"^(cmt|copper)",
    setting_headers=_SETTINGS,
    channels=_CHANNELS,
    traces=_TRACES,
    averaging=_AVERAGING,
    sweep=SweepTable(
        arm=("TRIG:SOUR BUS", "TRIG:SCOP ACT"),
        prepare=("INIT1:CONT ON",),
        type_header="SENS1:SWE:TYPE",
        start_single=("TRIG:SING",),
        start_averaged=("SENS1:AVER:CLE", "TRIG:SING"),
        stop=("ABOR",),
        sync=SyncMethod.EVENT,
        time_query="SENS1:SWE:TIME?",
    ),
    segments=_SEGMENTS,
    transfer=TransferTable(
        data_query="CALC1:TRAC{number}:DATA:SDAT?",
        axis_query="SENS1:FREQ:DATA?",
        block=_BLOCK,
        text=_TEXT,
        is_text_on_socket=True,
    ),
    reference=ReferenceTable(
        select={
            "internal": ("SENS1:ROSC:SOUR INT",),
            "external": ("SENS1:ROSC:SOUR EXT",),
        }
    ),
    rf_header="OUTP:STAT",
    remembered=(
        *remember("SENS1:SWE:TYPE", *_STIMULUS, "SENS1:AVER", "TRIG:AVER"),
        *remember("FORM:DATA", "FORM:BORD", "OUTP:STAT"),
        *remember("TRIG:SCOP", "TRIG:SOUR", "INIT1:CONT"),
    ),
)
"""S2VNA and S4VNA programs, which drive the USB instruments."""

SIGLENT_SNA = Dialect(
    name="siglent_sna",
    identity_pattern=r"^siglent.*,\s*SNA",
    setting_headers=_SETTINGS,
    channels=ChannelTable(own_number=1),
    traces=_TRACES,
    averaging=_AVERAGING,
    sweep=SweepTable(
        arm=("TRIG:SOUR MAN",),
        prepare=("INIT1:CONT 1",),
        type_header="SENS1:SWE:TYPE",
        start_single=("TRIG:SING",),
        start_averaged=("SENS1:AVER:CLE", "TRIG:SING"),
        stop=("ABOR",),
        sync=SyncMethod.WAIT,
        time_query="SENS1:SWE:TIME?",
    ),
    # Only segments without filters and powers of their own are known to be taken.
    segments=SegmentTable(
        limits=SegmentLimits(max_segment_count=201, has_own_settings=False),
        table=("SENS1:SEGM:DATA 5,0,0,0,0,0,{segment_count},{rows}",),
        row="{start_hz},{stop_hz},{point_count}",
        remembered=_SEGMENT_TABLE,
    ),
    transfer=TransferTable(
        data_query="SENS1:DATA:CORR? {s_parameter}",
        axis_query="CALC1:DATA:XAXIS?",
        form=DataForm.TEXT,
        text=_TEXT,
    ),
    rf_header=None,
    remembered=(
        *remember("SENS1:SWE:TYPE", *_STIMULUS, "SENS1:AVER", "TRIG:AVER"),
        *remember("FORM:DATA", "TRIG:SOUR", "INIT1:CONT"),
    ),
    preset="*RST",
    message_end="\r",
)
"""SNA5000."""
