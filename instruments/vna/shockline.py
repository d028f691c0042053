"""Anritsu ShockLine and VectorStar: numbered traces, and a hold function."""

from instruments.vna.dialect import Dialect, Setting
from instruments.vna.sections import (
    AveragingTable,
    ChannelTable,
    Remembered,
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

ANRITSU_SHOCKLINE = Dialect(
    name="anritsu_shockline",
    identity_pattern=r"^anritsu.*,\s*(MS46|ME78)",
    setting_headers=_SETTINGS,
    channels=ChannelTable(own_number=1),
    traces=TraceTable(
        prepare=("CALC1:PAR:COUN {trace_count}",),
        define=("CALC1:PAR{number}:DEF {s_parameter}",),
        count=Remembered(query="CALC1:PAR:COUN?", command="CALC1:PAR:COUN {value}"),
        definition=Remembered(
            query="CALC1:PAR{number}:DEF?", command="CALC1:PAR{number}:DEF {value}"
        ),
    ),
    averaging=AveragingTable(
        set=("SENS1:AVER {state}", "SENS1:AVER:COUN {count}"),
        state_header="SENS1:AVER",
        progress_query="SENS1:AVER:SWE?",
        is_retriggered=True,
    ),
    sweep=SweepTable(
        prepare=("SENS1:HOLD:FUNC HOLD",),
        # The short form has three letters here.
        type_header="SENS1:SWE:TYP",
        start_single=("SENS1:HOLD:FUNC SING", "TRIG:SING"),
        start_averaged=("SENS1:AVER:CLE", "SENS1:HOLD:FUNC SING", "TRIG:SING"),
        restart=("SENS1:HOLD:FUNC SING", "TRIG:SING"),
        stop=("SENS1:HOLD:FUNC HOLD",),
        sync=SyncMethod.MODE,
        done_query="SENS1:HOLD:FUNC?",
        done_reply="HOLD",
        time_query="SENS1:SWE:TIME?",
    ),
    transfer=TransferTable(
        data_query="CALC1:PAR{number}:SEL;:CALC1:SEL:DATA:SDAT?",
        axis_query="SENS1:FREQ:DATA?",
        block=("FORM:DATA REAL", "FORM:BORD SWAP"),
        text=("FORM:DATA ASC",),
    ),
    rf_header="SYST:HOLD:RF",
    remembered=(
        *remember("SENS1:SWE:TYP", *_SETTINGS.values(), "SENS1:AVER"),
        *remember("FORM:DATA", "FORM:BORD", "SYST:HOLD:RF", "SENS1:HOLD:FUNC"),
    ),
    preset="*RST",
)
