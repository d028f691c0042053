"""The driver against the emulated PNA, through pyvisa, over both of its fronts."""

import time
from dataclasses import replace

import numpy as np
import pytest

from instruments.array import plan_for
from instruments.clock import SystemClock
from instruments.errors import (
    GarbledReplyError,
    IdentityMismatchError,
    InstrumentError,
    InstrumentTimeoutError,
    NotConnectedError,
    ScpiError,
    SettingRefusedError,
)
from instruments.sensors import Sensor
from instruments.transport import open_wire
from instruments.vna import VectorNetworkAnalyzer

CLOCK = SystemClock()
SPEED = 20.0
PATIENT_S = 20.0
"""Longest wait for who is well; a machine may stand still for seconds."""


def open_patiently(resource):
    return open_wire(resource, open_timeout_s=PATIENT_S, io_timeout_s=PATIENT_S)


def open_vna(emulation, resource=None, **options):
    resource = resource or emulation.config.instruments.vna["vna-1"].resource
    wire = open_patiently(resource)
    return wire, VectorNetworkAnalyzer(wire, clock=CLOCK, time_scale=SPEED, **options)


def emulated_numbers(emulation):
    """What the emulator holds on the driver's channel, by S-parameter."""
    channel = emulation.served.vnas["vna-1"].channels[30]
    return {
        one.parameter: channel.read(one.parameter)
        for one in channel.measurements.values()
    }


@pytest.mark.parametrize("kind", ["wide", "transmission", "reflection"])
def test_sweep_is_what_the_instrument_holds(emulate, protocol, kind):
    emulation = emulate(front=protocol)
    plan = plan_for(emulation.config, "cavity-1", kind, 5.1e9)
    wire, vna = open_vna(emulation)
    vna.connect()
    began = time.monotonic()
    sweep = vna.acquire(plan)
    took_s = time.monotonic() - began
    held = emulated_numbers(emulation)
    assert sweep.traces.keys() == set(plan.s_parameters) == held.keys()
    for name, trace in sweep.traces.items():
        assert np.array_equal(trace, held[name].astype(np.complex64))
    expected = np.linspace(
        plan.start_frequency_hz, plan.stop_frequency_hz, plan.point_count
    )
    assert np.abs(sweep.frequency_hz - expected).max() < 1.0
    assert sweep.settings.if_bandwidth_hz == plan.if_bandwidth_hz
    assert sweep.settings.source_power_dbm == plan.source_power_dbm
    assert sweep.instrument.serial == emulation.served.vnas["vna-1"].serial
    assert took_s >= plan.duration_s / SPEED
    vna.release()
    wire.close()


def test_averaged_sweep_takes_its_time(emulate):
    emulation = emulate()
    plan = replace(
        plan_for(emulation.config, "cavity-1", "transmission", 5.1e9),
        averaging_count=5,
    )
    wire, vna = open_vna(emulation)
    vna.connect()
    began = time.monotonic()
    sweep = vna.acquire(plan)
    assert time.monotonic() - began >= 5 * 41 / 1000 / SPEED
    assert sweep.settings.averaging_count == 5
    wire.close()


def test_other_instrument_and_impossible_settings_are_refused(emulate):
    emulation = emulate()
    plan = plan_for(emulation.config, "cavity-1", "transmission", 5.1e9)
    wire, vna = open_vna(emulation, expected_serial="MY00000000")
    with pytest.raises(IdentityMismatchError):
        vna.connect()
    wire.close()
    wire, vna = open_vna(emulation)
    vna.connect()
    with pytest.raises(SettingRefusedError, match="if_bandwidth_hz"):
        vna.acquire(replace(plan, if_bandwidth_hz=1234.0))
    with pytest.raises(ScpiError, match="-222"):
        vna.acquire(replace(plan, source_power_dbm=99.0))
    assert vna.acquire(plan).point_count == plan.point_count
    wire.close()


@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        ("drop_mid_block", (NotConnectedError,)),
        ("garbage", (GarbledReplyError, InstrumentTimeoutError, NotConnectedError)),
        ("vna_silent", (InstrumentTimeoutError,)),
    ],
)
def test_fault_of_the_wire_is_typed_and_a_new_session_sweeps_again(
    emulate, protocol, fault, errors
):
    emulation = emulate(front=protocol)
    plan = plan_for(emulation.config, "cavity-1", "wide", 5.1e9)
    wire, vna = open_vna(emulation)
    vna.connect()
    vna.acquire(plan)
    emulation.control(fault=fault, cavity="cavity-1")
    # From now on nobody is well, and silence is not waited for.
    wire._io_timeout_s = 1.5
    wire._session.timeout = 1500.0
    with pytest.raises(errors):
        vna.acquire(plan)
    with pytest.raises(InstrumentError):
        vna.acquire(plan)
    wire.close()
    emulation.control(clear=fault, cavity="cavity-1")
    wire, vna = open_vna(emulation, snapshot=vna.snapshot)
    vna.connect()
    assert vna.acquire(plan).point_count == plan.point_count
    vna.release()
    wire.close()
    assert emulation.served.vnas["vna-1"].channels[1].mode == "CONT"


def test_sensors_read_the_emulated_array(emulate):
    emulation = emulate()
    readings = {}
    for name, section in emulation.config.instruments.sensor.items():
        wire = open_patiently(section.resource)
        sensor = Sensor(
            wire,
            clock=CLOCK,
            name=name,
            driver=section.driver,
            readings=section.readings,
            cavity=section.cavity,
        )
        sensor.connect()
        scan = sensor.scan()
        assert scan.faults == {}
        readings |= {reading.name: reading for reading in scan.readings}
        wire.close()
    assert readings["receiver_temperature_k"].value == pytest.approx(4.0, rel=0.05)
    assert abs(readings["stray_field_tesla"].value) < 1e-3
    assert readings["stray_field_tesla"].cavity == "cavity-1"


def test_bridge_input_without_a_sensor_is_a_fault(emulate):
    emulation = emulate()
    section = emulation.config.instruments.sensor["thermometer"]
    wire = open_patiently(section.resource)
    sensor = Sensor(
        wire,
        clock=CLOCK,
        name="thermometer",
        driver="lakeshore_372",
        readings={"9": "still_temperature_k"},
    )
    scan = sensor.scan()
    assert scan.readings == ()
    assert "resistance over range" in scan.faults["still_temperature_k"]
    wire.close()
