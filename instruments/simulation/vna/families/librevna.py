"""LibreVNA, through its GUI's server: words of its own, one client, data as text."""

from instruments.simulation.vna.encoding import (
    NumberText,
    describe_word,
    write_shortest,
)
from instruments.simulation.vna.model import Quirks, Table, VnaModel
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs import librevna, librevna_traces

TEXT = NumberText(
    number=write_shortest,
    integer=str,
    element=write_shortest,
    error='{number},"{text}"',
)

TABLE: Table = {
    "DEVice:CONNect": librevna.CONNECT,
    "DEVice:LIST": librevna.DEVICES,
    "DEVice:MODE": librevna.MODE,
    "DEVice:REFerence:IN": librevna.word("reference in", "INT"),
    "DEVice:REFerence:OUT": librevna.word("reference out", "0"),
    "DEVice:STAtus:UNLOcked": librevna.REFERENCE_UNLOCKED,
    "DEVice:INFo:LIMits:MINFrequency": librevna.LOWEST_FREQUENCY,
    "DEVice:INFo:LIMits:MAXFrequency": librevna.HIGHEST_FREQUENCY,
    "DEVice:INFo:LIMits:MAXPoints": librevna.MAX_POINTS,
    "VNA:SWEEP": librevna.word("sweep", "FREQUENCY"),
    "VNA:SWEEPTYPE": librevna.word("sweep type", "LIN"),
    "VNA:FREQuency:START": librevna.START,
    "VNA:FREQuency:STOP": librevna.STOP,
    "VNA:FREQuency:CENTer": librevna.CENTER,
    "VNA:FREQuency:SPAN": librevna.SPAN,
    "VNA:ACQuisition:IFBW": librevna.BANDWIDTH,
    "VNA:ACQuisition:POINTS": librevna.POINTS,
    "VNA:ACQuisition:AVG": librevna.AVERAGES,
    "VNA:ACQuisition:AVGLEVel": librevna.AVERAGES_DONE,
    "VNA:ACQuisition:FINished": librevna.FINISHED,
    "VNA:ACQuisition:SINGLE": librevna.SINGLE,
    "VNA:ACQuisition:RUN": librevna.RUN,
    "VNA:ACQuisition:STOP": librevna.STOP_SWEEPING,
    "VNA:STIMulus:LVL": librevna.POWER,
    "VNA:TRACe:LIST": librevna_traces.TRACES,
    "VNA:TRACe:NEW": librevna_traces.NEW,
    "VNA:TRACe:DELete": librevna_traces.DELETE,
    "VNA:TRACe:PARAMeter": librevna_traces.PARAMETER,
    "VNA:TRACe:DATA": librevna_traces.DATA,
}

LIBREVNA = VnaModel(
    name="librevna",
    dialect="librevna",
    identity="LibreVNA,LibreVNA-GUI,{serial},1.6.4",
    serial="{number:012X}",
    options="0",
    limits=Limits(
        lowest_frequency_hz=100.0e3,
        highest_frequency_hz=6.0e9,
        max_point_count=4_501,
        lowest_bandwidth_hz=10.0,
        highest_bandwidth_hz=50.0e3,
        lowest_power_dbm=-42.0,
        highest_power_dbm=-10.0,
        preset_power_dbm=-10.0,
        max_averaging_count=100,
        max_channel_count=1,
    ),
    text=TEXT,
    table=TABLE,
    describe_format=describe_word,
    quirks=Quirks(
        presets_trace="S11", arming_is_pending=False, keeps_newest_client=True
    ),
)
