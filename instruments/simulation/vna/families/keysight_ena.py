"""Keysight (Agilent) ENA: E5071C and E5062A."""

from instruments.simulation.vna.encoding import (
    NumberText,
    describe_word,
    write_signed,
)
from instruments.simulation.vna.families.ena import ENA_TABLE
from instruments.simulation.vna.model import Table, VnaModel
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs import stimulus, system, triggers

TEXT = NumberText(
    number=write_signed,
    integer="{:+d}".format,
    element=write_signed,
    error='{number:+d},"{text}"',
)

TABLE: Table = {
    **ENA_TABLE,
    "TRIGger[:SEQuence]:SOURce": triggers.trigger_source(
        "INTernal", "EXTernal", "MANual", "BUS"
    ),
    "SENSe#:SWEep:TYPE": stimulus.sweep_type(
        "LINear", "LOGarithmic", "SEGMent", "POWer"
    ),
    "SOURce#:POWer:PORT#[:LEVel][:IMMediate][:AMPLitude]": stimulus.POWER,
    "SOURce#:POWer:ATTenuation[:DATA]": system.number("attenuation", 0.0, 0.0, 40.0),
    "SENSe#:ROSCillator:SOURce": system.shared_word("reference", "INT", "INT", "EXT"),
}

E5071C = VnaModel(
    name="keysight_ena",
    dialect="keysight_ena",
    identity="Agilent Technologies,E5071C,{serial},A.11.23",
    serial="MY{number:08d}",
    options="480,TDR",
    port_count=4,
    limits=Limits(
        lowest_frequency_hz=9.0e3,
        highest_frequency_hz=8.5e9,
        max_point_count=20_001,
        lowest_bandwidth_hz=10.0,
        highest_bandwidth_hz=500.0e3,
        lowest_power_dbm=-55.0,
        highest_power_dbm=10.0,
        preset_bandwidth_hz=70.0e3,
        preset_power_dbm=0.0,
        max_averaging_count=999,
    ),
    text=TEXT,
    table=TABLE,
    header_digit_count=6,
    describe_format=describe_word,
)

E5062A = VnaModel(
    name="keysight_ena_e5062a",
    dialect="keysight_ena",
    identity="Agilent Technologies,E5062A,{serial},A.03.11",
    serial="MY{number:08d}",
    options="275",
    limits=Limits(
        lowest_frequency_hz=300.0e3,
        highest_frequency_hz=3.0e9,
        max_point_count=1_601,
        lowest_bandwidth_hz=10.0,
        highest_bandwidth_hz=30.0e3,
        lowest_power_dbm=-45.0,
        highest_power_dbm=10.0,
        preset_bandwidth_hz=30.0e3,
        preset_power_dbm=0.0,
        max_averaging_count=999,
        max_channel_count=4,
    ),
    text=TEXT,
    table=TABLE,
    header_digit_count=6,
    describe_format=describe_word,
)
