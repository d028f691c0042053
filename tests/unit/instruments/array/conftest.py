"""A complete array file, to be spoiled in one place at a time."""

import pytest

ARRAY = """\
schema_version: 1
array: {name: demo, site: laptop}
instruments:
  vna:
    vna-1: {resource: "TCPIP::127.0.0.1::hislip0,40001::INSTR", expected_serial: 17}
    vna-2: {resource: "TCPIP::127.0.0.1::40002::SOCKET", time_scale: 20.0}
  sensor:
    thermometer:
      driver: lakeshore_372
      resource: "TCPIP::127.0.0.1::40003::SOCKET"
      readings: {"6": mixing_chamber_temperature_k, 5: receiver_temperature_k}
    gaussmeter-1:
      driver: lakeshore_475
      resource: "TCPIP::127.0.0.1::40004::SOCKET"
      cavity: cavity-1
      readings: {"1": stray_field_tesla}
    gaussmeter-2:
      driver: lakeshore_475
      resource: "TCPIP::127.0.0.1::40005::SOCKET"
      cavity: cavity-2
      readings: {"1": stray_field_tesla}
sweeps:
  wide:
    purpose: wide
    s_parameters: [S21, S23, S11]
    start_frequency_hz: 4.0e9
    stop_frequency_hz: 8.0e9
    point_count: 801
  transmission: {purpose: transmission, s_parameters: [S21], point_count: 201}
schedule: {wide: {period_s: 60}, transmission: {period_s: 20, phase_s: 3}}
cavities:
  cavity-1:
    vna: vna-1
    expected: {resonant_frequency_hz: 5.1e9, loaded_q: 8000, coupling_beta: 1.5}
    thermal_cycle: 2026-11
    conditions:
      temperature_k: receiver_temperature_k
      magnetic_field_tesla: stray_field_tesla
  cavity-2: {vna: vna-2, expected: {resonant_frequency_hz: 6.2e9, loaded_q: 9000}}
"""


@pytest.fixture
def array_text() -> str:
    return ARRAY
