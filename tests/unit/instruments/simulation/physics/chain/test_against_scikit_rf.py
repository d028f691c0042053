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
from instruments.simulation.physics.chain.network import lift_network
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
    np.testing.assert_allclose(ours.s11, theirs.s[:, 0, 0], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours.s12, theirs.s[:, 0, 1], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours.s21, theirs.s[:, 1, 0], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours.s22, theirs.s[:, 1, 1], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", LINE_NAMES)
def test_a_line_is_the_cascade_of_its_parts(network, foreign, name):
    line = network.hardware.line(name)
    joined = foreign(connector_response(line.connectors[0], network.band))
    for part, connector in zip(line.parts, line.connectors[1:], strict=True):
        passed = part_transmission(part, network.band, network._around)
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


def ferrite(network, foreign, circulator, frequency, axis_hz):
    bare = junction_response(circulator, network.band, network.point)
    r, f, b = (
        np.broadcast_to(part, axis_hz.shape)
        for part in (bare.reflection, bare.forward, bare.leak)
    )
    matrix = np.moveaxis(np.asarray([[r, b, f], [f, r, b], [b, f, r]]), -1, 0)
    joined = skrf.network.Network(frequency=frequency, s=matrix, z0=50)
    for index, port in enumerate(circulator.ports):
        outside = foreign(connector_response(port, network.band))
        joined = skrf.network.connect(joined, index, outside, 1)
        order = list(range(3))
        # connect() leaves the new outer port in place of the joined one
        joined = joined.subnetwork(order)
    return joined


def one_port(frequency, reflection):
    matrix = np.asarray(reflection)[:, None, None]
    return skrf.network.Network(frequency=frequency, s=matrix, z0=50)


def test_the_whole_receiver_is_the_same_network(network, foreign, frequency, axis_hz):
    hardware, band, point = network.hardware, network.band, network.point
    into = foreign(network.line("weak_line")) ** foreign(network.cavity)
    into = into ** foreign(network.line("strong_line"))
    switch = switch_response(hardware.switch, band, point.switch_position_index)
    into = into ** foreign(switch)
    bypass = foreign(network.line("bypass_line"))

    pump = ferrite(network, foreign, hardware.jpa.circulator, frequency, axis_hz)
    turn = np.exp(-4j * np.pi * hardware.jpa.stub_delay_s * axis_hz)
    mirror = one_port(frequency, jpa_reflection(hardware.jpa, band, point) * turn)
    stage = skrf.network.connect(pump, 1, mirror, 0)
    same(
        isolator_response(hardware.isolator, band, point),
        skrf.network.connect(
            ferrite(network, foreign, hardware.isolator.junction, frequency, axis_hz),
            2,
            one_port(frequency, hardware.isolator.load_reflection_ratio + 0j * axis_hz),
            0,
        ),
    )
    output = foreign(network.line("junction_line")) ** stage
    output = output ** foreign(isolator_response(hardware.isolator, band, point))
    output = output ** foreign(network.line("cold_output_line"))
    output = output ** foreign(hemt_response(hardware.hemt, band, point))
    output = output ** foreign(network.line("upper_output_line"))
    room = room_amplifier_response(hardware.room_amplifier, band, point)
    output = output ** foreign(room) ** foreign(network.line("room_output_line"))

    first = ferrite(network, foreign, hardware.circulator, frequency, axis_hz)
    joined = skrf.network.connect(first, 0, bypass, 1)
    joined = skrf.network.connect(joined, 1, into, 1)
    joined = skrf.network.connect(joined, 2, output, 0)
    # ports now: bypass (VNA 3), weak line (VNA 1), output (VNA 2)
    ours = (
        (network.transmission.s21, joined.s[:, 2, 1]),
        (network.transmission.s11, joined.s[:, 1, 1]),
        (network.transmission.s12, joined.s[:, 1, 2]),
        (network.reflection.s21, joined.s[:, 2, 0]),
        (network.reflection.s11, joined.s[:, 0, 0]),
        (network.backward.s21, joined.s[:, 0, 1]),
    )
    for index, (got, expected) in enumerate(ours):
        np.testing.assert_allclose(got, expected, 1e-9, 1e-14, err_msg=str(index))
