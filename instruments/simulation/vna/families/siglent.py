"""Siglent SNA5000: an ENA with line ends of its own."""

from instruments.simulation.vna.encoding import (
    NumberText,
    describe_word,
    write_unsigned,
)
from instruments.simulation.vna.families.ena import ENA_TABLE
from instruments.simulation.vna.model import Table, VnaModel
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs import data, system, triggers

TEXT = NumberText(
    number=write_unsigned,
    integer=str,
    element=write_unsigned,
    error='{number},"{text}"',
)

TABLE: Table = {
    **ENA_TABLE,
    "TRIGger[:SEQuence]:SOURce": triggers.trigger_source(
        "INTernal", "EXTernal", "MANual", "BUS"
    ),
    "SENSe#:DATA:RAWData": data.CORRECTED,
    # The instrument spells these so.
    "SERVICE:SWEEP:FREQENCY:MAXIMUM": system.HIGHEST_FREQUENCY,
    "SERVICE:SWEEP:FREQENCY:MINIMUM": system.LOWEST_FREQUENCY,
}

SNA5084A = VnaModel(
    name="siglent_sna",
    dialect="siglent_sna",
    identity="Siglent Technologies,SNA5084A,{serial},2.3.1.3.1r1",
    serial="SNA5XC{number:08d}",
    options="0",
    port_count=4,
    terminator=b"\r\n",
    limits=Limits(
        lowest_frequency_hz=9.0e3,
        highest_frequency_hz=8.5e9,
        max_point_count=10_001,
        lowest_bandwidth_hz=10.0,
        highest_bandwidth_hz=3.0e6,
        lowest_power_dbm=-55.0,
        highest_power_dbm=10.0,
        preset_power_dbm=0.0,
        max_averaging_count=999,
        max_channel_count=16,
    ),
    text=TEXT,
    table=TABLE,
    describe_format=describe_word,
)
