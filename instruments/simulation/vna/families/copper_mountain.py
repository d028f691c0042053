"""Copper Mountain S2VNA and S4VNA: an ENA by another house."""

from dataclasses import replace

from instruments.simulation.vna.encoding import (
    NumberText,
    describe_word,
    write_unsigned,
)
from instruments.simulation.vna.families.ena import ENA_TABLE
from instruments.simulation.vna.model import Quirks, Table, VnaModel
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs import (
    numbered_traces,
    stimulus,
    system,
    triggers,
)

TEXT = NumberText(
    number=write_unsigned,
    integer=str,
    element=write_unsigned,
    error='{number}, "{text}"',
)

TABLE: Table = {
    **ENA_TABLE,
    "TRIGger[:SEQuence]:SOURce": triggers.trigger_source(
        "INTernal", "EXTernal", "MANual", "BUS"
    ),
    "SENSe#:SWEep:TYPE": stimulus.sweep_type(
        "LINear", "LOGarithmic", "SEGMent", "POWer", "CW"
    ),
    "CALCulate#:PARameter#:SPORt": numbered_traces.SOURCE_PORT,
    "CALCulate#[:SELected]:CORRection:EDELay:TIME": system.number(
        "delay", 0.0, -10.0, 10.0
    ),
    "CALCulate#[:SELected]:CORRection:EDELay:DISTance": system.number(
        "distance", 0.0, -1e9, 1e9
    ),
    "CALCulate#[:SELected]:CORRection:EDELay:DISTance:UNIT": system.remembered(
        "unit", "MET", "METer", "FEET", "INCH"
    ),
    "SENSe#:ROSCillator:SOURce": system.shared_word(
        "reference", "INT", "INTernal", "EXTernal"
    ),
}

M5180 = VnaModel(
    name="copper_mountain",
    dialect="copper_mountain",
    identity="CMT, M5180, {serial}, 25.3.1/2",
    options="0",
    limits=Limits(
        lowest_frequency_hz=300.0e3,
        highest_frequency_hz=18.0e9,
        max_point_count=200_001,
        lowest_bandwidth_hz=1.0,
        highest_bandwidth_hz=300.0e3,
        lowest_power_dbm=-55.0,
        highest_power_dbm=5.0,
        preset_power_dbm=0.0,
        max_averaging_count=999,
        max_channel_count=16,
    ),
    text=TEXT,
    table=TABLE,
    describe_format=describe_word,
    quirks=Quirks(is_text_on_socket=True),
)

C4220 = replace(
    M5180,
    name="copper_mountain_cobalt",
    identity="CMT, C4220, {serial}, 25.3.1/2",
    limits=replace(
        M5180.limits,
        lowest_frequency_hz=100.0e3,
        highest_frequency_hz=20.0e9,
        max_point_count=500_001,
        highest_bandwidth_hz=2.0e6,
        lowest_power_dbm=-60.0,
        highest_power_dbm=15.0,
    ),
)

S4_4PORT = replace(
    C4220,
    name="copper_mountain_s4",
    identity="CMT, C4420, {serial}, 25.3.1/2",
    port_count=4,
)
