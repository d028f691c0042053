"""Rohde & Schwarz ZNB, ZVA and ZNA, on a channel of the driver's own."""

from instruments.measurement import SegmentLimits
from instruments.vna.dialect import Dialect, Setting
from instruments.vna.replies import (
    has_no_phase_lock_fault,
    parse_named_channels,
    parse_pairs,
)
from instruments.vna.sections import (
    AveragingTable,
    ChannelTable,
    ReferenceTable,
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

ROHDE_SCHWARZ = Dialect(
    name="rohde_schwarz",
    identity_pattern=r"^rohde.*,\s*(ZN[ABCDEHL]|ZV[ABHLT])",
    setting_headers={
        Setting.START_FREQUENCY: f"SENS{_C}:FREQ:STAR",
        Setting.STOP_FREQUENCY: f"SENS{_C}:FREQ:STOP",
        Setting.POINT_COUNT: f"SENS{_C}:SWE:POIN",
        Setting.IF_BANDWIDTH: f"SENS{_C}:BAND",
        Setting.SOURCE_POWER: f"SOUR{_C}:POW",
        Setting.AVERAGING_COUNT: f"SENS{_C}:AVER:COUN",
    },
    channels=ChannelTable(
        own_number=_C,
        query="CONF:CHAN:CAT?",
        parse=parse_named_channels,
        hold=("INIT{channel}:CONT OFF",),
        remembered=(
            Remembered(
                query="INIT{channel}:CONT?", command="INIT{channel}:CONT {value}"
            ),
        ),
        remove=(f"CONF:CHAN{_C}:STAT OFF",),
        active_query="INST:NSEL?",
        active_trace_query="CALC{channel}:PAR:SEL?",
        activate=("INST:NSEL {channel}", "CALC{channel}:PAR:SEL {trace}"),
    ),
    traces=TraceTable(
        define=(f"CALC{_C}:PAR:SDEF '{{name}}','{{s_parameter}}'",),
        show=("DISP:TRAC:EFE '{name}'",),
        delete=(f"CALC{_C}:PAR:DEL '{{name}}'",),
        catalog_query=f"CALC{_C}:PAR:CAT?",
        parse_catalog=parse_pairs,
    ),
    averaging=AveragingTable(
        # A single sweep runs SWE:COUN passes, and the average takes as many.
        set=(
            f"SENS{_C}:AVER {{state}}",
            f"SENS{_C}:AVER:COUN {{count}}",
            f"SENS{_C}:SWE:COUN {{count}}",
        ),
        state_header=f"SENS{_C}:AVER",
        progress_query=f"CALC{_C}:DATA:NSW:COUN?",
    ),
    sweep=SweepTable(
        prepare=(f"INIT{_C}:CONT OFF", f"TRIG{_C}:SOUR IMM"),
        type_header=f"SENS{_C}:SWE:TYPE",
        start_single=(f"INIT{_C}:IMM",),
        start_averaged=(f"SENS{_C}:AVER:CLE", f"INIT{_C}:IMM"),
        stop=("ABOR",),
        sync=SyncMethod.EVENT,
        time_query=f"SENS{_C}:SWE:TIME?",
    ),
    segments=SegmentTable(
        # Tables above 5000 rows are known to crawl.
        limits=SegmentLimits(max_segment_count=1000, least_point_count=1),
        prepare=(f"SENS{_C}:SEGM:DEL:ALL",),
        row_commands=(
            f"SENS{_C}:SEGM{{index}}:ADD",
            f"SENS{_C}:SEGM{{index}}:FREQ:STAR {{start_hz}}",
            f"SENS{_C}:SEGM{{index}}:FREQ:STOP {{stop_hz}}",
            f"SENS{_C}:SEGM{{index}}:SWE:POIN {{point_count}}",
            f"SENS{_C}:SEGM{{index}}:BWID {{if_bandwidth_hz}}",
            f"SENS{_C}:SEGM{{index}}:POW {{source_power_dbm}}",
        ),
        time_query=f"SENS{_C}:SEGM:SWE:TIME:SUM?",
    ),
    transfer=TransferTable(
        data_query=f"CALC{_C}:PAR:SEL '{{name}}';:CALC{_C}:DATA? SDAT",
        axis_query=f"CALC{_C}:PAR:SEL '{{name}}';:CALC{_C}:DATA:STIM?",
        block=("FORM REAL,64", "FORM:BORD SWAP"),
        text=("FORM ASC,0",),
    ),
    reference=ReferenceTable(
        select={
            "internal": ("ROSC:SOUR INT",),
            "external": ("ROSC:SOUR EXT", "ROSC:EXT:FREQ {frequency_hz}Hz"),
        },
        lock_query="STAT:QUES:INT:HARD?",
        is_locked=has_no_phase_lock_fault,
    ),
    rf_header="OUTP1",
    remembered=remember("FORM", "FORM:BORD", "OUTP1"),
    joins_queries=True,
)
