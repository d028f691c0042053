"""Anritsu ShockLine and VectorStar: ENA traces, hold functions, short header names."""

from dataclasses import replace

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import (
    NumberText,
    describe_word,
    write_unsigned,
)
from instruments.simulation.vna.families.ena import TRACES
from instruments.simulation.vna.families.settings_headers import SETTINGS
from instruments.simulation.vna.model import Table, Verb, VnaModel
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs import (
    pna_triggers,
    receiver,
    stimulus,
    system,
    triggers,
)

TEXT = NumberText(
    number=write_unsigned,
    integer=str,
    element=write_unsigned,
    error='{number},"{text}"',
    no_error="No Error",
)

_DIGITS = {0: 0, 1: 9, 2: None}
"""``FDH0`` to ``FDH2``: as many digits as it takes, nine, no header at all."""


def _set_header_form(vna: EmulatedVna, call: Call) -> None:
    form = call.suffixes[0]
    if form not in _DIGITS:
        raise ScpiFault(-114, "Header suffix out of range", f"FDH{form}")
    vna.format.header_digit_count = _DIGITS[form]


def _header_form(vna: EmulatedVna, call: Call) -> str:
    del call
    digits = vna.format.header_digit_count
    return str(next(number for number, one in _DIGITS.items() if one == digits))


TABLE: Table = {
    **SETTINGS,
    **TRACES,
    "SENSe#:SWEep:TYPe": stimulus.sweep_type(
        "LINear", "LOGarithmic", "FSEGMent", "ISEGMent"
    ),
    "SENSe#:HOLD:FUNCtion": pna_triggers.HOLD_FUNCTION,
    "SENSe#:AVERage:SWEep": receiver.AVERAGES_DONE,
    "SENSe#:AVERage:TYPe": receiver.AVERAGING_MODE,
    "SOURce#:POWer:PORT#[:LEVel][:IMMediate][:AMPLitude]": stimulus.POWER,
    "TRIGger[:SEQuence]:SOURce": triggers.trigger_source(
        "AUTO", "INTernal", "MANual", "EXTernal", "EXTT", "REMote"
    ),
    "TRIGger[:SEQuence]:SINGle": pna_triggers.HOLD_TRIGGER,
    "TRIGger[:SEQuence][:IMMediate]": triggers.TRIGGER,
    "ABORt": pna_triggers.ABORT,
    "SYSTem:HOLD:RF": triggers.OUTPUT,
    "SYSTem:POINt:MAXimum": system.MAX_POINTS,
    "SYSTem:PORT:COUNt": system.PORT_COUNT,
    "DISPlay:COUNt": system.number("channels", 1.0, 1.0, 16.0, is_whole=True),
    "DISPlay:WINDow#:ACTivate": system.ACTIVATE_CHANNEL,
    "FORMat:DATA": system.FORMAT_WORD,
    "FDH#": Verb(command=_set_header_form),
    "FDHX": Verb(_header_form),
}

MS46522B = VnaModel(
    name="anritsu_shockline",
    dialect="anritsu_shockline",
    identity="ANRITSU,MS46522B-043,{serial},V2024.8.1",
    options="43",
    limits=Limits(
        lowest_frequency_hz=50.0e3,
        highest_frequency_hz=43.5e9,
        max_point_count=20_001,
        lowest_bandwidth_hz=10.0,
        highest_bandwidth_hz=500.0e3,
        lowest_power_dbm=-30.0,
        highest_power_dbm=15.0,
        max_averaging_count=1024,
        max_channel_count=16,
    ),
    text=TEXT,
    table=TABLE,
    describe_format=describe_word,
)

MS4644B = replace(
    MS46522B,
    name="anritsu_vectorstar",
    identity="ANRITSU,MS4644B,{serial},V2024.4.1",
    options="2,7,51",
    port_count=4,
    limits=replace(
        MS46522B.limits,
        lowest_frequency_hz=10.0e6,
        highest_frequency_hz=40.0e9,
        max_point_count=25_000,
        lowest_bandwidth_hz=1.0,
        highest_bandwidth_hz=1.0e6,
        lowest_power_dbm=-90.0,
        max_averaging_count=4096,
    ),
)
