"""Rohde & Schwarz ZNB, ZVA and ZNA."""

from dataclasses import replace

from instruments.simulation.scpi.device import Call
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import (
    NumberText,
    describe_plain,
    write_shortest,
    write_unsigned,
)
from instruments.simulation.vna.families.settings_headers import SETTINGS
from instruments.simulation.vna.model import Quirks, Table, Verb, VnaModel
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs import (
    data,
    named_traces,
    receiver,
    segments,
    stimulus,
    system,
    triggers,
)

TEXT = NumberText(
    number=write_shortest,
    integer=str,
    element=write_unsigned,
    error='{number},"{text}"',
)


def _channel_names(vna: EmulatedVna, call: Call) -> str:
    del call
    pairs = (f"{number},Ch{number}" for number in sorted(vna.channels))
    return f"'{','.join(pairs)}'"


def _trace_names(vna: EmulatedVna, call: Call) -> str:
    del call
    names = [name for one in vna.channels.values() for name in one.measurements]
    return f"'{','.join(f'{n},{name}' for n, name in enumerate(names, 1))}'"


def _has_channel(vna: EmulatedVna, call: Call) -> str:
    return "1" if call.suffixes[0] in vna.channels else "0"


def _configure_channel(vna: EmulatedVna, call: Call) -> None:
    number = call.suffixes[0]
    if call.arguments.truth():
        vna.channel(number)
    elif number in vna.channels:
        vna.channels.pop(number).abort()


_SWEEPING: Table = {
    # Whole hertz come without a point, so that clients may read an integer.
    "SENSe#:SWEep:TIME": stimulus.LINEAR_TIME,
    "SENSe#:SWEep:COUNt": receiver.SWEEPS_A_TRIGGER,
    "SENSe#:AVERage:COUNt:CURRent": receiver.AVERAGES_DONE,
    "SENSe#:AVERage:MODE": system.remembered(
        "averaging mode", "AUTO", "AUTO", "FLATten", "REDuce", "MOVing"
    ),
    "SENSe#:SWEep:TYPE": stimulus.sweep_type(
        "LINear", "LOGarithmic", "SEGMent", "POWer", "CW", "POINt"
    ),
    "TRIGger#[:SEQuence]:SOURce": triggers.trigger_source(
        "IMMediate", "EXTernal", "MANual", "MULTiple"
    ),
    "INITiate#:CONTinuous": triggers.CONTINUOUS,
    "INITiate#:CONTinuous:ALL": triggers.ALL_CONTINUOUS,
    "INITiate#[:IMMediate]": triggers.INITIATE_GROUP,
    "INITiate:SCOPe": system.shared_word("scope", "ALL", "ALL", "SINGle"),
    "INITiate#[:IMMediate]:SCOPe": system.shared_word("scope", "ALL", "ALL", "SINGle"),
    "ABORt": triggers.ABORT,
    "OUTPut#[:STATe]": triggers.OUTPUT,
}

_SEGMENTS: Table = {
    "SENSe#:SEGMent#:ADD": segments.ADD,
    "SENSe#:SEGMent#:INSert": segments.ADD,
    "SENSe#:SEGMent#:FREQuency:STARt": segments.START,
    "SENSe#:SEGMent#:FREQuency:STOP": segments.STOP,
    "SENSe#:SEGMent#:SWEep:POINts": segments.POINTS,
    "SENSe#:SEGMent#:BWIDth[:RESolution]": segments.BANDWIDTH,
    "SENSe#:SEGMent#:POWer[:LEVel]": segments.POWER,
    "SENSe#:SEGMent#:COUNt": segments.COUNT,
    "SENSe#:SEGMent#:DELete:ALL": segments.DELETE_ALL,
    "SENSe#:SEGMent#:SWEep:TIME:SUM": segments.TOTAL_TIME,
}

_TRACES: Table = {
    "CALCulate#:PARameter:SDEFine": named_traces.REDEFINE,
    "CALCulate#:PARameter:DEFine:SGRoup": named_traces.DEFINE_GROUP,
    "CALCulate#:PARameter:DELete": named_traces.DELETE,
    "CALCulate#:PARameter:DELete:ALL": named_traces.DELETE_ALL,
    "CALCulate#:PARameter:CATalog": named_traces.catalogue("'", ""),
    "CALCulate#:PARameter:SELect": named_traces.selection("'"),
    "CALCulate#:PARameter:MEASure": named_traces.PARAMETER_OF,
    "CALCulate#:FORMat": data.DISPLAY,
    "CALCulate#:DATA": data.KIND,
    "CALCulate#:DATA:TRACe": data.OF_NAME,
    "CALCulate#:DATA:ALL": data.ALL,
    "CALCulate#:DATA:SGRoup": data.GROUP_DATA,
    "CALCulate#:DATA:STIMulus": data.AXIS,
    "CALCulate#:DATA:NSWeep:COUNt": receiver.AVERAGES_DONE,
    "CONFigure:TRACe:CATalog": Verb(_trace_names),
}

_SYSTEM: Table = {
    "FORMat[:DATA]": system.FORMAT,
    "INSTrument:NSELect": system.CHOOSE_CHANNEL,
    "INSTrument:PORT:COUNt": system.PORT_COUNT,
    "CONFigure:CHANnel#[:STATe]": Verb(_has_channel, _configure_channel),
    "CONFigure:CHANnel#:CATalog": Verb(_channel_names),
    "CONFigure:CHANnel#:MEASure[:STATe]": system.switch("measured", "1"),
    "DISPlay:TRACe#:EFEed": system.IGNORED,
    "DISPlay:WINDow#:TRACe#:EFEed": system.IGNORED,
    "DISPlay:WINDow#:TRACe#:FEED": system.IGNORED,
    "DISPlay:TRACe#:Y[:SCALe]:AUTO": system.IGNORED,
    "DISPlay:LAYout": system.IGNORED,
    "DISPlay:LAYout:GRID": system.IGNORED,
    "SYSTem:DISPlay:UPDate": system.IGNORED,
    "SYSTem:ERRor:ALL": system.ALL_ERRORS,
    "SYSTem:ERRor:DISPlay": system.IGNORED,
    "SYSTem:FREQuency:MINimum": system.LOWEST_FREQUENCY,
    "SYSTem:FREQuency:MAXimum": system.HIGHEST_FREQUENCY,
    "ROSCillator[:SOURce]": system.shared_word(
        "reference", "INT", "INTernal", "EXTernal"
    ),
    "ROSCillator:EXTernal:FREQuency": system.number("reference", 10e6, 1e6, 20e6),
    "STATus:QUEStionable:INTegrity:HARDware[:EVENt]": system.INTEGRITY,
    "STATus:QUEStionable:INTegrity:HARDware:CONDition": system.INTEGRITY,
}

TABLE: Table = {
    **{
        pattern: verb
        for pattern, verb in SETTINGS.items()
        if not pattern.startswith("OUTPut")
    },
    **_SWEEPING,
    **_SEGMENTS,
    **_TRACES,
    **_SYSTEM,
}

ZNB20 = VnaModel(
    name="rohde_schwarz",
    dialect="rohde_schwarz",
    identity="Rohde-Schwarz,ZNB20-4Port,{serial},3.45",
    serial="13113300{number:08d}",
    options="ZNB-K2,ZNB-B4",
    port_count=4,
    limits=Limits(
        lowest_frequency_hz=100.0e3,
        highest_frequency_hz=20.0e9,
        max_point_count=100_001,
        lowest_bandwidth_hz=1.0,
        highest_bandwidth_hz=10.0e6,
        lowest_power_dbm=-60.0,
        highest_power_dbm=25.0,
        preset_power_dbm=-10.0,
        max_averaging_count=5000,
        max_channel_count=256,
    ),
    text=TEXT,
    table=TABLE,
    describe_format=describe_plain,
    quirks=Quirks(
        presets_trace="Trc1",
        trigger_source="IMM",
        arming_is_pending=True,
        has_global_numbers=True,
        fdata_has_pairs=False,
    ),
)

ZVA40 = replace(
    ZNB20,
    name="rohde_schwarz_zva",
    identity="Rohde-Schwarz,ZVA40-4Port,{serial},4.10",
    limits=replace(
        ZNB20.limits, lowest_frequency_hz=10.0e6, highest_frequency_hz=40.0e9
    ),
)

ZNA43 = replace(
    ZNB20,
    name="rohde_schwarz_zna",
    identity="Rohde-Schwarz,ZNA43-4Port,{serial},2.92",
    limits=replace(
        ZNB20.limits,
        lowest_frequency_hz=10.0e6,
        highest_frequency_hz=43.5e9,
        highest_bandwidth_hz=30.0e6,
    ),
)
