"""Headers of the ENA and of what imitates it."""

from instruments.simulation.vna.families.settings_headers import SETTINGS
from instruments.simulation.vna.model import Table
from instruments.simulation.vna.verbs import (
    data,
    numbered_traces,
    registers,
    segment_tables,
    segments,
    system,
    triggers,
)

TRIGGERS: Table = {
    "INITiate#:CONTinuous": triggers.CONTINUOUS,
    "INITiate#[:IMMediate]": triggers.INITIATE,
    "TRIGger[:SEQuence][:IMMediate]": triggers.TRIGGER,
    "TRIGger[:SEQuence]:SINGle": triggers.TRIGGER_SINGLE,
    "TRIGger[:SEQuence]:AVERage": triggers.TRIGGER_AVERAGE,
    "TRIGger[:SEQuence]:SCOPe": triggers.TRIGGER_SCOPE,
    "ABORt": triggers.ABORT,
    "STATus:OPERation:CONDition": registers.OPERATION,
}

TRACES: Table = {
    "CALCulate#:PARameter:COUNt": numbered_traces.COUNT,
    "CALCulate#:PARameter#:DEFine": numbered_traces.DEFINE,
    "CALCulate#:PARameter#:SELect": numbered_traces.SELECT,
    "CALCulate#[:SELected]:FORMat": data.DISPLAY,
    "CALCulate#:TRACe#:FORMat": data.DISPLAY_OF_TRACE,
    "CALCulate#[:SELected]:DATA:SDATa": data.trace("SDATA", data.selected),
    "CALCulate#[:SELected]:DATA:FDATa": data.trace("FDATA", data.selected),
    "CALCulate#:TRACe#:DATA:SDATa": data.trace("SDATA", data.numbered),
    "CALCulate#:TRACe#:DATA:FDATa": data.trace("FDATA", data.numbered),
    "CALCulate#[:SELected]:DATA:XAXis": data.AXIS,
    "SENSe#:FREQuency:DATA": data.AXIS,
    "SENSe#:DATA:CORRdata": data.CORRECTED,
}

ENA_TABLE: Table = {
    **SETTINGS,
    **TRIGGERS,
    **TRACES,
    "SENSe#:SEGMent:DATA": segment_tables.DATA,
    "SENSe#:SEGMent:SWEep:POINts": segments.POINT_TOTAL,
    "SENSe#:SEGMent:SWEep:TIME[:DATA]": segments.TOTAL_TIME,
    "FORMat:DATA": system.FORMAT_WORD,
    "DISPlay:WINDow#:ACTivate": system.ACTIVATE_CHANNEL,
    "DISPlay:SPLit": system.remembered("split", "D1", "D1", "D12", "D1_2", "1", "2"),
    "DISPlay:WINDow#:SPLit": system.remembered("traces", "D1", "D1", "D12", "D1_2"),
    "DISPlay:ENABle": system.switch("display", "1"),
    "SERVice:CHANnel:ACTive": system.ACTIVE_CHANNEL,
    "SERVice:CHANnel:COUNt": system.CHANNEL_COUNT,
    "SERVice:CHANnel#:TRACe:ACTive": numbered_traces.SELECTED,
    "SERVice:PORT:COUNt": system.PORT_COUNT,
    "SERVice:SWEep:FREQuency:MINimum": system.LOWEST_FREQUENCY,
    "SERVice:SWEep:FREQuency:MAXimum": system.HIGHEST_FREQUENCY,
    "SERVice:SWEep:POINts": system.MAX_POINTS,
}
