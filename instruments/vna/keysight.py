"""Keysight's PNA family, on a channel of the driver's own.

What the operator has set up on the other channels stays as it is, calibration included.
"""

from instruments.measurement import SegmentLimits
from instruments.vna.dialect import Dialect, Setting
from instruments.vna.replies import parse_channels, parse_names, parse_pairs
from instruments.vna.sections import (
    AveragingTable,
    ChannelTable,
    Remembered,
    SegmentTable,
    SweepTable,
    SyncMethod,
    TraceTable,
    TransferTable,
    remember,
)

_C = 30
"""Number of our channel."""

_SETTINGS = {
    Setting.START_FREQUENCY: f"SENS{_C}:FREQ:STAR",
    Setting.STOP_FREQUENCY: f"SENS{_C}:FREQ:STOP",
    Setting.POINT_COUNT: f"SENS{_C}:SWE:POIN",
    Setting.IF_BANDWIDTH: f"SENS{_C}:BWID",
    Setting.SOURCE_POWER: f"SOUR{_C}:POW1",
    Setting.AVERAGING_COUNT: f"SENS{_C}:AVER:COUN",
}

_CHANNELS = ChannelTable(
    own_number=_C,
    query="SYST:CHAN:CAT?",
    parse=parse_channels,
    hold=("SENS{channel}:SWE:MODE HOLD",),
    remembered=(
        Remembered(
            query="SENS{channel}:SWE:MODE?", command="SENS{channel}:SWE:MODE {value}"
        ),
    ),
    active_query="SYST:ACT:CHAN?",
    active_trace_query="SYST:ACT:MEAS?",
    activate=("CALC{channel}:PAR:SEL {trace}",),
)

_SEGMENTS = SegmentTable(
    limits=SegmentLimits(max_segment_count=2001, least_point_count=1),
    prepare=(f"SENS{_C}:SEGM:BWID:CONT ON", f"SENS{_C}:SEGM:POW:CONT ON"),
    table=(f"SENS{_C}:SEGM:LIST SSTOP,{{segment_count}},{{rows}}",),
    row="1,{point_count},{start_hz},{stop_hz},{if_bandwidth_hz},0,{source_power_dbm}",
)

_AVERAGING = AveragingTable(
    set=(
        f"SENS{_C}:AVER:STAT {{state}}",
        f"SENS{_C}:AVER:COUN {{count}}",
        f"SENS{_C}:SWE:GRO:COUN {{count}}",
    ),
    state_header=f"SENS{_C}:AVER:STAT",
)

_SWEEP = SweepTable(
    arm=("TRIG:SOUR IMM",),
    prepare=(f"SENS{_C}:SWE:MODE HOLD",),
    type_header=f"SENS{_C}:SWE:TYPE",
    # INIT from hold triggers only every other time; SWE:MODE does always.
    start_single=(f"SENS{_C}:SWE:MODE SING",),
    start_averaged=(f"SENS{_C}:AVER:CLE", f"SENS{_C}:SWE:MODE GRO"),
    stop=(f"SENS{_C}:SWE:MODE HOLD",),
    sync=SyncMethod.MODE,
    done_query=f"SENS{_C}:SWE:MODE?",
    done_reply="HOLD",
    time_query=f"SENS{_C}:SWE:TIME?",
)

_BLOCK = ("FORM REAL,64", "FORM:BORD SWAP")
_TEXT = ("FORM ASC,0",)
_REMEMBERED = remember("FORM", "FORM:BORD", "OUTP", "TRIG:SOUR")

KEYSIGHT_PNA = Dialect(
    name="keysight_pna",
    identity_pattern=r"^(keysight|agilent|hewlett).*,\s*(N52|N53|E83)",
    setting_headers=_SETTINGS,
    channels=_CHANNELS,
    traces=TraceTable(
        define=(f"CALC{_C}:PAR:EXT '{{name}}','{{s_parameter}}'",),
        show=("DISP:WIND1:TRAC{number}:FEED '{name}'",),
        delete=(f"CALC{_C}:PAR:DEL '{{name}}'",),
        first_number=21,
        catalog_query=f"CALC{_C}:PAR:CAT:EXT?",
        parse_catalog=parse_pairs,
    ),
    averaging=_AVERAGING,
    sweep=_SWEEP,
    segments=_SEGMENTS,
    transfer=TransferTable(
        data_query=f"CALC{_C}:PAR:SEL '{{name}}';:CALC{_C}:DATA? SDATA",
        axis_query=f"SENS{_C}:X?",
        block=_BLOCK,
        text=_TEXT,
    ),
    remembered=_REMEMBERED,
    joins_queries=True,
)
"""PNA, PNA-L and PNA-X."""

KEYSIGHT_MEASUREMENT = Dialect(
    name="keysight_measurement",
    identity_pattern=r"^(keysight|agilent).*,\s*(E508|P50|P93|M98)",
    setting_headers=_SETTINGS,
    channels=_CHANNELS,
    traces=TraceTable(
        define=(f'CALC{_C}:MEAS{{number}}:DEF "{{s_parameter}}"',),
        show=("DISP:MEAS{number}:FEED 1",),
        delete=(f"CALC{_C}:MEAS{{name}}:DEL",),
        first_number=21,
        is_named_by_number=True,
        catalog_query=f"SYST:MEAS:CAT? {_C}",
        parse_catalog=parse_names,
    ),
    averaging=_AVERAGING,
    sweep=_SWEEP,
    segments=_SEGMENTS,
    transfer=TransferTable(
        data_query=f"CALC{_C}:MEAS{{number}}:DATA:SDAT?",
        axis_query=f"CALC{_C}:MEAS{{number}}:X?",
        block=_BLOCK,
        text=_TEXT,
    ),
    remembered=_REMEMBERED,
    joins_queries=True,
)
"""E5080, P50xx, P937x and M98xx, in the form that names measurements by number."""
