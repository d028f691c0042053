"""Keysight PNA and PNA-X, and the newer form of the E5080 and P937x."""

from instruments.simulation.vna.encoding import (
    NumberText,
    describe_keysight,
    write_number,
)
from instruments.simulation.vna.families.settings_headers import SETTINGS
from instruments.simulation.vna.model import Quirks, Table, VnaModel
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs import (
    data,
    named_traces,
    numbered_traces,
    pna_triggers,
    receiver,
    registers,
    segment_tables,
    segments,
    system,
    windows,
)

TEXT = NumberText(
    number=write_number,
    integer="{:+d}".format,
    element=write_number,
    error='{number:+d},"{text}"',
)

_SWEEPING: Table = {
    "SENSe#:AVERage:MODE": receiver.AVERAGING_MODE,
    "SENSe#:SWEep:GROups:COUNt": receiver.SWEEPS_A_TRIGGER,
    "SENSe#:SWEep:MODE": pna_triggers.MODE,
    "SENSe#:SWEep:GENeration": system.remembered(
        "generation", "STEP", "STEPped", "ANALog"
    ),
    "SOURce#:POWer#:COUPle": system.switch("coupling", "1"),
    "TRIGger[:SEQuence]:SOURce": pna_triggers.SOURCE,
    "TRIGger[:SEQuence]:SCOPe": system.shared_word("scope", "ALL", "ALL", "CURRent"),
    "INITiate#:CONTinuous": pna_triggers.CONTINUOUS,
    "INITiate#[:IMMediate]": pna_triggers.INITIATE,
    "ABORt": pna_triggers.ABORT,
    "STATus:OPERation:CONDition": registers.OPERATION,
    "STATus:OPERation:AVERaging#:CONDition": registers.AVERAGED,
}

_SEGMENTS: Table = {
    "SENSe#:SEGMent:LIST": segment_tables.LIST,
    "SENSe#:SEGMent:COUNt": segments.COUNT,
    "SENSe#:SEGMent:DELete:ALL": segments.DELETE_ALL,
    "SENSe#:SEGMent#:ADD": segments.ADD,
    "SENSe#:SEGMent#:FREQuency:STARt": segments.START,
    "SENSe#:SEGMent#:FREQuency:STOP": segments.STOP,
    "SENSe#:SEGMent#:SWEep:POINts": segments.POINTS,
    "SENSe#:SEGMent#:BWIDth[:RESolution]": segments.BANDWIDTH,
    "SENSe#:SEGMent#:POWer#[:LEVel]": segments.POWER,
    "SENSe#:SEGMent:BWIDth[:RESolution]:CONTrol": segment_tables.OWN_BANDWIDTHS,
    "SENSe#:SEGMent:POWer[:LEVel]:CONTrol": segment_tables.OWN_POWERS,
    "SENSe#:SEGMent:ARBitrary": system.switch("arbitrary segments"),
}

_TRACES: Table = {
    "CALCulate#:PARameter[:DEFine]:EXTended": named_traces.DEFINE,
    "CALCulate#:PARameter:DELete[:NAME]": named_traces.DELETE,
    "CALCulate#:PARameter:DELete:ALL": named_traces.DELETE_ALL,
    "CALCulate#:PARameter:MODify[:EXTended]": named_traces.MODIFY,
    "CALCulate#:PARameter:CATalog[:EXTended]": named_traces.catalogue(
        '"', "NO CATALOG"
    ),
    "CALCulate#:PARameter:SELect": named_traces.selection('"'),
    "CALCulate#:PARameter:MNUMber[:SELect]": named_traces.NUMBER,
    "CALCulate#:FORMat": data.DISPLAY,
    "CALCulate#:DATA": data.KIND,
    "CALCulate#:X[:VALues]": data.AXIS,
    "SENSe#:X[:VALues]": data.AXIS,
    "CALCulate#:DATA:SNP:PORTs": data.TOUCHSTONE,
    # The newer form names a trace by its number. Client libraries leave the last
    # letter out, and the instrument takes it.
    "CALCulate#:MEASure#:PARameter": numbered_traces.PARAMETER,
    "CALCulate#:MEASure#:X[:VALues]": data.AXIS_OF_TRACE,
    "CALCulate#:MEASure#:FORMat": data.DISPLAY_OF_TRACE,
    "CALCulate#:MEASure#:DATA:SDATa": data.trace("SDATA", data.numbered),
    "CALCulate#:MEASure#:DATA:FDATa": data.trace("FDATA", data.numbered),
}

_SYSTEM: Table = {
    "FORMat[:DATA]": system.FORMAT,
    "SYSTem:FPReset": system.PRESET,
    "SYSTem:ACTive:CHANnel": system.ACTIVE_CHANNEL,
    "SYSTem:ACTive:MEASurement": windows.ACTIVE_MEASUREMENT,
    "SYSTem:CHANnels:CATalog": system.CHANNEL_CATALOGUE,
    "SYSTem:MEASure:CATalog": windows.MEASUREMENT_NUMBERS,
    "SYSTem:CAPability:HARDware:PORTs[:INTernal]:COUNt": system.PORT_COUNT,
    # Client libraries send the mnemonic without its plural letter.
    "SYSTem:CAPability:HARDware:PORT:COUNt": system.PORT_COUNT,
    "SYSTem:CAPability:FREQuency:MINimum": system.LOWEST_FREQUENCY,
    "SYSTem:CAPability:FREQuency:MAXimum": system.HIGHEST_FREQUENCY,
    "MMEMory:STORe:TRACe:FORMat:SNP": system.shared_word(
        "snp", "AUTO", "AUTO", "MA", "DB", "RI"
    ),
    "DISPlay:ENABle": system.switch("display", "1"),
    "DISPlay:CATalog": windows.CATALOGUE,
    "DISPlay:WINDow#:CATalog": windows.CATALOGUE,
    "DISPlay:WINDow#[:STATe]": windows.STATE,
    "DISPlay:WINDow#:TRACe#:FEED": windows.FEED,
    "DISPlay:WINDow#:TRACe#:DELete": windows.DELETE,
}

PNA_TABLE: Table = {**SETTINGS, **_SWEEPING, **_SEGMENTS, **_TRACES, **_SYSTEM}

MEASUREMENT_TABLE: Table = {
    **PNA_TABLE,
    "CALCulate#:MEASure#:DEFine": numbered_traces.CREATE,
    "CALCulate#:MEASure#:DELete": numbered_traces.DELETE,
    "DISPlay:MEASure#:FEED": system.IGNORED,
    "SENSe#:CORRection:EXTension[:STATe]": system.switch("port extension"),
    "SENSe#:CORRection:EXTension:PORT#[:TIME]": system.number(
        "port extension", 0.0, -10.0, 10.0
    ),
}

_QUIRKS = Quirks(
    presets_trace="CH1_S11_1",
    trigger_source="IMM",
    arming_is_pending=True,
    has_global_numbers=True,
    fdata_has_pairs=False,
)

N5224B = VnaModel(
    name="keysight_pna",
    dialect="keysight_pna",
    identity="Keysight Technologies,N5224B,{serial},A.15.75.18",
    serial="MY{number:08d}",
    options='"422,S93010A"',
    port_count=4,
    limits=Limits(
        lowest_frequency_hz=10.0e6,
        highest_frequency_hz=43.5e9,
        max_point_count=100_003,
        lowest_bandwidth_hz=1.0,
        highest_bandwidth_hz=15.0e6,
        lowest_power_dbm=-95.0,
        highest_power_dbm=20.0,
        preset_bandwidth_hz=100.0e3,
    ),
    text=TEXT,
    table=PNA_TABLE,
    describe_format=describe_keysight,
    quirks=_QUIRKS,
)

E5080B = VnaModel(
    name="keysight_measurement",
    dialect="keysight_measurement",
    identity="Keysight Technologies,E5080B,{serial},A.15.20.07",
    serial="MY{number:08d}",
    options='"440"',
    port_count=4,
    limits=Limits(
        lowest_frequency_hz=9.0e3,
        highest_frequency_hz=20.0e9,
        max_point_count=100_001,
        lowest_bandwidth_hz=1.0,
        highest_bandwidth_hz=15.0e6,
        lowest_power_dbm=-100.0,
        highest_power_dbm=20.0,
        preset_bandwidth_hz=100.0e3,
    ),
    text=TEXT,
    table=MEASUREMENT_TABLE,
    describe_format=describe_keysight,
    quirks=_QUIRKS,
)
