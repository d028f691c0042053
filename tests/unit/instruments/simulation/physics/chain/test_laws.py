"""Laws that no part may break, whatever its constants, temperature and field."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.simulation.physics.chain import (
    OperatingPoint,
    check_hardware,
    draw_unit,
    plates_at,
    usual_receiver,
    with_constants,
)
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.catalogue import usual_circulator, usual_jpa
from instruments.simulation.physics.chain.cavity import cavity_response
from instruments.simulation.physics.chain.connector import (
    Connector,
    connector_response,
)
from instruments.simulation.physics.chain.hardware import LINE_NAMES
from instruments.simulation.physics.chain.jpa import jpa_reflection
from instruments.simulation.physics.chain.junction import (
    isolator_response,
    junction_response,
)
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.line import part_transmission
from instruments.simulation.physics.chain.network import lift_network, surroundings_at
from instruments.simulation.physics.chain.ranges import constants_of
from instruments.simulation.physics.chain.switch import switch_response
from instruments.simulation.physics.two_port import TwoPort

AXIS_HZ = np.linspace(0.5e9, 20e9, 61)

ANYWHERE = {
    "seed": st.integers(0, 10_000),
    "receiver_k": st.floats(0.0, 300.0),
    "stray_tesla": st.floats(-0.2, 0.2),
    "magnet_tesla": st.floats(-30.0, 30.0),
    "position": st.integers(0, 4),
}


def network_at(seed, receiver_k, stray_tesla, magnet_tesla, position, axis_hz=AXIS_HZ):
    point = OperatingPoint(
        plates=plates_at(receiver_k),
        cavity_temperature_k=receiver_k,
        rod_temperature_k=receiver_k,
        magnetic_field_tesla=stray_tesla,
        magnet_field_tesla=magnet_tesla,
        switch_position_index=float(position),
        rod_position_ratio=0.1 + 0.2 * position,
    )
    hardware = draw_unit(usual_receiver(), np.random.default_rng(seed))
    return lift_network(axis_hz, hardware, point)


def largest_gain(*rows):
    matrix = np.stack(
        [np.stack(np.broadcast_arrays(*row, AXIS_HZ + 0j)[:-1], -1) for row in rows], -2
    )
    return np.linalg.norm(matrix, 2, axis=(-2, -1)).max()


def gain_of(two_port):
    return largest_gain(
        (two_port.s11, two_port.s12),
        (two_port.s21, two_port.s22),
    )


@settings(max_examples=40, deadline=None)
@given(**ANYWHERE)
def test_every_passive_part_is_passive(**where):
    assert_passive(network_at(**where))


CONSTANTS = {
    name: known
    for name, _, known in constants_of(usual_receiver())
    if not name.endswith(("radius_m", "tuning_span_hz", "resonant_frequency_hz"))
}


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(CONSTANTS)), st.floats(0.0, 1.0)),
    st.floats(0.0, 300.0),
)
def test_passive_with_constants_anywhere_within_their_bounds(shares, receiver_k):
    values = {}
    for name, share in shares.items():
        known = CONSTANTS[name]
        values[name] = known.low + share * (known.high - known.low)
    point = OperatingPoint(
        plates=plates_at(receiver_k),
        cavity_temperature_k=receiver_k,
        rod_temperature_k=receiver_k,
    )
    moved = with_constants(usual_receiver(), values)
    check_hardware(moved)
    assert_passive(lift_network(AXIS_HZ, moved, point))


def assert_passive(network):
    hardware, band, point = network.hardware, network.band, network.point
    for name in LINE_NAMES:
        assert gain_of(network.line(name)) <= 1.0 + 1e-12, name
    switch = switch_response(hardware.switch, band, point.switch_position_index)
    assert gain_of(switch) <= 1.0 + 1e-12
    assert gain_of(network.cavity) <= 1.0 + 1e-12
    assert gain_of(isolator_response(hardware.isolator, band, point)) <= 1.0 + 1e-12
    assert np.abs(jpa_reflection(hardware.jpa, band, point)).max() <= 1.0 + 1e-12
    junction = junction_response(hardware.circulator, band, point)
    r, f, b = junction.reflection, junction.forward, junction.leak
    assert largest_gain((r, b, f), (f, r, b), (b, f, r)) <= 1.0 + 1e-12


@settings(max_examples=20, deadline=None)
@given(**ANYWHERE)
def test_what_holds_no_ferrite_is_reciprocal(**where):
    network = network_at(**where)
    side = network.weak_side
    np.testing.assert_allclose(side.s12, side.s21, rtol=1e-12)
    junction = junction_response(
        network.hardware.circulator, network.band, network.point
    )
    assert np.abs(junction.forward - junction.leak).max() > 0.1


@settings(max_examples=50, deadline=None)
@given(
    reactance=st.floats(-1.0, 1.0),
    resistance=st.floats(0.0, 1e4),
)
def test_any_connector_is_passive(reactance, resistance):
    connector = lifted(
        Connector(reactance_ratio=reactance, contact_resistance_ratio=resistance),
        AXIS_HZ,
    )
    assert gain_of(connector_response(connector, make_band(AXIS_HZ))) <= 1.0 + 1e-12


WIDE_HZ = np.linspace(0.02e9, 40.98e9, 4097)


def earliest_share(response):
    """Return the largest part of the band's impulse that comes before zero time."""
    impulse = np.abs(np.fft.ifft(response * np.blackman(WIDE_HZ.size), 16_384))
    time_s = np.fft.fftfreq(16_384, WIDE_HZ[1] - WIDE_HZ[0])
    return impulse[time_s < -0.1e-9].max() / impulse.max()


def wide_parts(receiver_k):
    network = network_at(3, receiver_k, 0.01, 4.0, 0, axis_hz=WIDE_HZ)
    hardware, band, point = network.hardware, network.band, network.point
    yield "junction", junction_response(hardware.circulator, band, point).forward
    yield "isolator", isolator_response(hardware.isolator, band, point).s21
    loose = replace(
        hardware.weak_line.connectors[0], contact_resistance_ratio=np.asarray([2.0])
    )
    yield "loose connector", connector_response(loose, band).s21
    yield "line's echoes", network.line("strong_line").s11
    open_modes = tuple(
        replace(mode, strong_external_q=60.0 + 0 * mode.strong_external_q)
        for mode in hardware.cavity.modes
    )
    cavity = replace(hardware.cavity, modes=open_modes)
    yield "cavity", cavity_response(cavity, band, point).s22
    jpa = lifted(replace(usual_jpa(), linewidth_hz=3e8), WIDE_HZ)
    yield "jpa", jpa_reflection(jpa, band, point)


@pytest.mark.parametrize("receiver_k", [0.02, 20.0, 296.0])
def test_no_part_answers_before_it_is_asked(receiver_k):
    for name, response in wide_parts(receiver_k):
        assert earliest_share(response) < 2e-3, name
        assert earliest_share(response.conj()) > 4e-3, name


@pytest.mark.parametrize("receiver_k", [4.0, 296.0])
def test_loss_of_a_cable_comes_with_the_delay_that_causality_asks_for(receiver_k):
    network = network_at(3, receiver_k, 0.0, 0.0, 0, axis_hz=WIDE_HZ)
    around = surroundings_at(network.point)
    part = network.hardware.weak_line.parts[1]
    long = replace(part, length_m=part.length_m * 0.0 + 3.0)
    passed = part_transmission(long, network.band, around)
    # Kramers and Kronig: the minimum phase of a skin-effect loss is the loss itself,
    # that of a constant loss tangent falls with the logarithm.
    loss = -np.log(np.abs(passed))
    skin, dielectric = np.linalg.lstsq(
        np.stack([np.sqrt(WIDE_HZ), WIDE_HZ], 1), loss, rcond=None
    )[0]
    phase = -np.unwrap(np.angle(passed))
    lossy = skin * np.sqrt(WIDE_HZ)
    lossy = lossy - 2 / math.pi * dielectric * WIDE_HZ * np.log(WIDE_HZ / 5e9)
    straight = phase - lossy
    slope, offset = np.polyfit(WIDE_HZ, straight, 1)
    turns = (offset + math.pi) % (2 * math.pi) - math.pi
    assert abs(turns) < 1e-6
    assert np.abs(straight - np.polyval([slope, offset], WIDE_HZ)).max() < 1e-6
    assert skin > 0
    assert dielectric >= 0


def test_a_lossless_junction_keeps_all_power():
    circulator = lifted(
        replace(usual_circulator(5.9e9), insertion_loss_db=0.0), AXIS_HZ
    )
    network = network_at(0, 4.0, 0.02, 0.0, 0)
    junction = junction_response(circulator, network.band, network.point)
    kept = (
        np.abs(junction.reflection) ** 2
        + np.abs(junction.forward) ** 2
        + np.abs(junction.leak) ** 2
    )
    np.testing.assert_allclose(kept, 1.0, rtol=1e-12)


def test_the_passivity_check_bites():
    ones = np.ones_like(AXIS_HZ) + 0j
    assert gain_of(TwoPort(s11=0.2 * ones, s12=ones, s21=ones, s22=0.2 * ones)) > 1.1
