"""Every table holds together: identities, templates, methods and what they need."""

from dataclasses import replace

import pytest

from instruments.array.connection import VnaConfig
from instruments.errors import IdentityMismatchError
from instruments.measurement import SweepSegment
from instruments.scpi import parse_identity
from instruments.transport import Transport
from instruments.vna import DIALECTS
from instruments.vna.commands import configure_commands, fill, planned_traces
from instruments.vna.dialect import Setting, choose_dialect
from instruments.vna.sections import DataForm, SyncMethod

IDENTITIES = {
    "Keysight Technologies,N5222B,MY0001,A.13.95.09": "keysight_pna",
    "Agilent Technologies,N5242A,US47210077,A.09.90.02": "keysight_pna",
    "Agilent Technologies,E8364B,US1,A.08": "keysight_pna",
    "Keysight Technologies,E5080B,MY1,A.13": "keysight_measurement",
    "Keysight Technologies,P9375A,MY1,A.13": "keysight_measurement",
    "Keysight Technologies,M9804A,MY1,A.14": "keysight_measurement",
    "Agilent Technologies,E5071C,MY46100000,A.09.60": "keysight_ena",
    "AGILENT TECHNOLOGIES,E5062A,JP1KI00101,02.00": "keysight_ena",
    "Keysight Technologies,E5063A,MY1,A.04": "keysight_ena",
    "CMT, M5180, 14160131, 25.3.1/2": "copper_mountain",
    "Copper Mountain Technologies, C1220, 1, 22.3": "copper_mountain",
    "Siglent Technologies,SNA5012A,SNA5XCED1R0001,2.3.1.3.1": "siglent_sna",
    "ANRITSU,MS46522B-043,1234567,V2.1": "anritsu_shockline",
    "ANRITSU,MS4644B,1234567,V2.1": "anritsu_shockline",
    "Rohde&Schwarz,ZNB20-2Port,1311601044101234,2.60": "rohde_schwarz",
    "Rohde-Schwarz,ZVA24-4Port,11451110241001,3.60": "rohde_schwarz",
    "Rohde-Schwarz,ZNA43-4Port,1332450044100001,2.50": "rohde_schwarz",
    "LibreVNA,LibreVNA-GUI,206039903350,1.6.4": "librevna",
}


@pytest.mark.parametrize(("reply", "name"), IDENTITIES.items())
def test_instrument_is_known_by_its_identity(reply, name):
    identity = parse_identity(reply)
    assert choose_dialect(DIALECTS, "auto", identity).name == name
    assert [one.name for one in DIALECTS if one.speaks(identity)] == [name]


def test_other_instruments_of_the_same_makers_are_not_taken_for_vnas():
    for reply in (
        "Keysight Technologies,34461A,MY1,A.02",
        "Rohde&Schwarz,SMB100A,1,3.1",
        "Siglent Technologies,SDS2104X,1,1",
    ):
        with pytest.raises(IdentityMismatchError):
            choose_dialect(DIALECTS, "auto", parse_identity(reply))


def test_array_file_names_the_same_dialects():
    for dialect in DIALECTS:
        section = {"resource": "TCPIP::vna::hislip0::INSTR", "dialect": dialect.name}
        assert VnaConfig.model_validate(section).dialect == dialect.name


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_table_is_complete(dialect):
    assert set(dialect.setting_headers) == set(Setting)
    sweep, form = dialect.sweep, dialect.transfer.form
    assert (sweep.done_query is not None) is (sweep.sync is SyncMethod.MODE)
    assert bool(dialect.transfer.axis_query) is (form is not DataForm.TRIPLES)
    assert bool(sweep.restart) is dialect.averaging.is_retriggered
    assert dialect.data_form(Transport.HISLIP) is form
    has_channels = dialect.channels.query is not None
    assert has_channels is (dialect.channels.own_number > 1)
    assert (dialect.traces.catalog_query is None) is (dialect.traces.count is not None)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_every_template_is_filled(dialect, wide_plan):
    plan = replace(wide_plan, averaging_count=4)
    segment = SweepSegment(
        start_frequency_hz=plan.start_frequency_hz,
        stop_frequency_hz=plan.stop_frequency_hz,
        point_count=plan.point_count,
    )
    plans = [plan]
    if dialect.segments is not None:
        plans.append(replace(plan, segments=(segment,)))
    messages = []
    for one in plans:
        form = dialect.transfer.form
        messages += configure_commands(dialect, one, {}, [1, 2], form)
        messages += fill(dialect.sweep.start_averaged, one)
    for trace in planned_traces(dialect, plan):
        messages.append(trace.fill(dialect.transfer.data_query))
        messages.append(trace.fill(dialect.transfer.axis_query))
    assert not [one for one in messages if "{" in one or "}" in one]


def test_copper_mountain_sends_no_blocks_over_a_plain_socket():
    (dialect,) = [one for one in DIALECTS if one.name == "copper_mountain"]
    assert dialect.data_form(Transport.SOCKET) is DataForm.TEXT
    assert dialect.data_form(Transport.VXI11) is DataForm.BLOCK
