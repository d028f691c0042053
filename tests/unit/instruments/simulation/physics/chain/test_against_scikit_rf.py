"""The same two-ports joined by scikit-rf give the same cascade."""

import numpy as np
import pytest
import skrf

from instruments.simulation.physics.chain import OperatingPoint, plates_at
from instruments.simulation.physics.chain.amplifiers import (
    hemt_response,
    room_amplifier_response,
)
from instruments.simulation.physics.chain.connector import connector_response
from instruments.simulation.physics.chain.hardware import LINE_NAMES
from instruments.simulation.physics.chain.jpa import jpa_reflection
from instruments.simulation.physics.chain.junction import (
    isolator_response,
    junction_response,
)
from instruments.simulation.physics.chain.line import part_transmission
from instruments.simulation.physics.chain.network import lift_network, surroundings_at
from instruments.simulation.physics.chain.switch import switch_response

POINT = OperatingPoint(
    plates=plates_at(20.0),
    cavity_temperature_k=20.0,
    magnetic_field_tesla=0.012,
    magnet_field_tesla=3.0,
    source_power_dbm=-80.0,
)


@pytest.fixture
def network(drawn, axis_hz):
    return lift_network(axis_hz, drawn, POINT)


@pytest.fixture
def frequency(axis_hz):
    return skrf.Frequency.from_f(axis_hz, unit="hz")


@pytest.fixture
def foreign(frequency, axis_hz):
    def make(two_port):
        parts = (two_port.s11, two_port.s12, two_port.s21, two_port.s22)
        s11, s12, s21, s22 = (np.broadcast_to(part, axis_hz.shape) for part in parts)
        matrix = np.moveaxis(np.asarray([[s11, s12], [s21, s22]]), -1, 0)
        return skrf.network.Network(frequency=frequency, s=matrix, z0=50)

    return make


def same(ours, theirs):
    np.testing.assert_allclose(ours.s11, theirs.s[:, 0, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.s12, theirs.s[:, 0, 1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.s21, theirs.s[:, 1, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.s22, theirs.s[:, 1, 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", LINE_NAMES)
def test_a_line_is_the_cascade_of_its_parts(network, foreign, name):
    line = network.hardware.line(name)
    joined = foreign(connector_response(line.connectors[0], network.band))
    for part, connector in zip(line.parts, line.connectors[1:], strict=True):
        passed = part_transmission(part, network.band, surroundings_at(network.point))
        matched = type(connector_response(connector, network.band))(
            s11=0 * passed, s12=passed, s21=passed, s22=0 * passed
        )
        joined = joined ** foreign(matched)
        joined = joined ** foreign(connector_response(connector, network.band))
    same(network.line(name), joined)


@pytest.mark.parametrize(
    ("media", "values"),
    [("inductor", (0.3, 0.0)), ("capacitor", (-0.3, 0.0)), ("resistor", (1e-9, 0.4))],
)
def test_a_connector_is_the_lumped_element_it_says(frequency, axis_hz, media, values):
    from instruments.simulation.physics.chain.band import make_band
    from instruments.simulation.physics.chain.connector import (
        GAP_REACTANCE_FACTOR,
        Connector,
    )
    from instruments.simulation.physics.chain.lifting import lifted

    reactance, resistance = values
    connector = Connector(
        reactance_ratio=reactance, contact_resistance_ratio=resistance
    )
    ours = connector_response(lifted(connector, axis_hz), make_band(axis_hz))
    line = skrf.media.DefinedGammaZ0(frequency, z0=50)
    per_henry = 50 / (2 * np.pi * 5e9)
    if media == "inductor":
        theirs = line.inductor(reactance * per_henry)
    elif media == "capacitor":
        theirs = line.shunt_capacitor(-reactance / 50 / (2 * np.pi * 5e9))
    else:
        inductance = GAP_REACTANCE_FACTOR * resistance * per_henry
        theirs = line.resistor(50 * resistance) ** line.inductor(inductance)
    for got, index in ((ours.s11, (0, 0)), (ours.s21, (1, 0)), (ours.s22, (1, 1))):
        np.testing.assert_allclose(got, theirs.s[:, *index], atol=2e-4)


def ferrite(network, circulator, frequency, axis_hz):
    bare = junction_response(circulator, network.band, network.point)
    r, f, b = (
        np.broadcast_to(part, axis_hz.shape)
        for part in (bare.reflection, bare.forward, bare.leak)
    )
    matrix = np.moveaxis(np.asarray([[r, b, f], [f, r, b], [b, f, r]]), -1, 0)
    return skrf.network.Network(frequency=frequency, s=matrix, z0=50)


def one_port(frequency, reflection):
    matrix = np.asarray(reflection)[:, None, None]
    return skrf.network.Network(frequency=frequency, s=matrix, z0=50)


def test_the_whole_receiver_is_the_same_network(network, foreign, frequency, axis_hz):
    hardware, band, point = network.hardware, network.band, network.point

    def closed(circulator, port, seen):
        """Return a junction as a two-port, with a load behind one of its ports."""
        junction = ferrite(network, circulator, frequency, axis_hz)
        return skrf.network.connect(junction, port, one_port(frequency, seen), 0)

    def ports(circulator):
        return [foreign(connector_response(port, band)) for port in circulator.ports]

    def turned(two_port):
        return two_port.flipped()

    switch = switch_response(hardware.switch, band, point.switch_position_index)
    first, second, third = ports(hardware.circulator)
    into = foreign(network.line("weak_line")) ** foreign(network.cavity)
    into = into ** foreign(network.line("strong_line")) ** foreign(switch)
    into = into ** turned(second)
    bypass = foreign(network.line("bypass_line")) ** turned(first)

    pump = hardware.jpa.circulator
    one, two, three = ports(pump)
    turn = np.exp(-4j * np.pi * hardware.jpa.stub_delay_s * axis_hz)
    mirror = one_port(frequency, jpa_reflection(hardware.jpa, band, point) * turn)
    stage = one ** closed(pump, 1, (turned(two) ** mirror).s[:, 0, 0]) ** turned(three)

    isolator = hardware.isolator
    entry, leave, end = ports(isolator.junction)
    load = one_port(frequency, isolator.load_reflection_ratio + 0j * axis_hz)
    seen = (turned(end) ** load).s[:, 0, 0]
    guard = entry ** closed(isolator.junction, 2, seen) ** turned(leave)
    same(isolator_response(isolator, band, point), guard)

    output = third ** foreign(network.line("junction_line")) ** stage**guard
    output = output ** foreign(network.line("cold_output_line"))
    output = output ** foreign(hemt_response(hardware.hemt, band, point))
    output = output ** foreign(network.line("upper_output_line"))
    room = room_amplifier_response(hardware.room_amplifier, band, point)
    output = output ** foreign(room) ** foreign(network.line("room_output_line"))

    # The one port closed, the other two come in the order of their numbers.
    through = into ** closed(hardware.circulator, 0, bypass.s[:, 1, 1]) ** output
    same(network.transmission, through)
    back = closed(hardware.circulator, 1, into.s[:, 1, 1])
    same(network.reflection, bypass**back**output)
    against = closed(hardware.circulator, 2, output.s[:, 0, 0])
    same(network.backward, into ** turned(against) ** turned(bypass))
