"""Sensors give numbers or faults, never a fault as a number."""

from typing import get_args

import pytest

from instruments.array.config import DriverName
from instruments.errors import GarbledReplyError, IdentityMismatchError
from instruments.sensors import Sensor
from instruments.sensors.kinds import KINDS
from instruments.transport import Exchange, ReplayWire

BRIDGE = "LSCI,MODEL372,LSA22UI/1234567,1.3"


def bridge(clock, *exchanges, readings=None):
    wire = ReplayWire([Exchange(*pair) for pair in exchanges])
    return Sensor(
        wire,
        clock=clock,
        name="thermometer",
        driver="lakeshore_372",
        readings=readings or {"5": "receiver_temperature_k"},
    )


def gaussmeter(clock, *exchanges):
    wire = ReplayWire([Exchange(*pair) for pair in exchanges])
    return Sensor(
        wire,
        clock=clock,
        name="gaussmeter-1",
        driver="lakeshore_475",
        readings={"1": "stray_field_tesla"},
        cavity="cavity-1",
    )


def test_model_is_checked_at_connect(clock):
    assert bridge(clock, ("*IDN?", BRIDGE)).connect().model == "MODEL372"
    with pytest.raises(IdentityMismatchError, match="MODEL475"):
        bridge(clock, ("*IDN?", "LSCI,MODEL475,1,2")).connect()


def test_temperature_is_a_reading_with_source_and_time(clock):
    sensor = bridge(clock, ("RDGST? 5", "000"), ("KRDG? 5", "+4.02100E+00"))
    (reading,) = sensor.scan().readings
    assert (reading.name, reading.value) == ("receiver_temperature_k", 4.021)
    assert reading.measured_at == clock.now()
    assert (reading.source, reading.cavity) == ("thermometer", None)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("001", "current source overload"),
        ("016", "resistance over range"),
        ("192", "temperature over range, temperature under range"),
    ],
)
def test_status_of_an_input_is_a_fault_and_no_number(clock, status, words):
    sensor = bridge(
        clock,
        ("RDGST? 5", status),
        ("RDGST? 6", "000"),
        ("KRDG? 6", "+1.2E-02"),
        readings={"5": "receiver_temperature_k", "6": "mixing_chamber_temperature_k"},
    )
    scan = sensor.scan()
    assert words in scan.faults["receiver_temperature_k"]
    assert [reading.value for reading in scan.readings] == [0.012]


def test_zero_kelvin_is_a_missing_curve(clock):
    scan = bridge(clock, ("RDGST? 5", "0"), ("KRDG? 5", "+0.00000E+00")).scan()
    assert "no valid curve" in scan.faults["receiver_temperature_k"]


@pytest.mark.parametrize("status", ["", "OK", "999", "-1"])
def test_other_status_is_garbled(clock, status):
    with pytest.raises(GarbledReplyError):
        bridge(clock, ("RDGST? 5", status)).scan()


@pytest.mark.parametrize(("unit", "tesla"), [("1", 1.25e-4), ("2", 1.25)])
def test_field_is_in_tesla_whatever_the_display_shows(clock, unit, tesla):
    scan = gaussmeter(clock, ("UNIT?", unit), ("RDGFIELD?", "+1.25000E+00")).scan()
    (reading,) = scan.readings
    assert reading.value == pytest.approx(tesla)
    assert reading.cavity == "cavity-1"


@pytest.mark.parametrize(
    ("unit", "reply", "words"),
    [
        ("3", None, "no flux density"),
        ("2", "NO PROBE", "NO PROBE"),
        ("2", "OL", "OL"),
        ("2", "+4.0E+01", "overloaded"),
    ],
)
def test_probe_without_a_field_is_a_fault(clock, unit, reply, words):
    exchanges = [("UNIT?", unit)]
    if reply is not None:
        exchanges.append(("RDGFIELD?", reply))
    scan = gaussmeter(clock, *exchanges).scan()
    assert scan.readings == ()
    assert words in scan.faults["stray_field_tesla"]


def sensor_of(driver, clock, readings, *exchanges, factors=None):
    wire = ReplayWire([Exchange(*pair) for pair in exchanges])
    return Sensor(
        wire,
        clock=clock,
        name="sensor",
        driver=driver,
        readings=readings,
        factors=factors,
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("001", "invalid reading"),
        ("016", "temperature under range"),
        ("096", "temperature over range, sensor reads zero"),
        ("128", "sensor over range"),
    ],
)
def test_status_of_a_336_is_a_fault(status, words, clock):
    readings = {"A": "stage_temperature_k"}
    sensor = sensor_of("lakeshore_336", clock, readings, ("RDGST? A", status))
    assert words in sensor.scan().faults["stage_temperature_k"]


@pytest.mark.parametrize(("units", "tesla"), [("0", 0.8), ("1", 8.0)])
def test_field_of_a_magnet_is_in_tesla_whatever_its_unit(units, tesla, clock):
    sensor = sensor_of(
        "ami_430",
        clock,
        {"field": "magnet_field_tesla", "current": "magnet_current_a"},
        ("QU?", "0"),
        ("FIELD:MAG?", "8.0"),
        ("FIELD:UNITS?", units),
        ("QU?", "0"),
        ("CURR:MAG?", "80.0"),
    )
    scan = sensor.scan()
    assert [one.value for one in scan.readings] == [pytest.approx(tesla), 80.0]


def test_quench_is_a_fault_and_no_number(clock):
    sensor = sensor_of("ami_430", clock, {"field": "magnet_field_tesla"}, ("QU?", "1"))
    assert "quenched" in sensor.scan().faults["magnet_field_tesla"]


def test_number_in_a_document_is_brought_to_si(clock):
    sensor = sensor_of(
        "http_json",
        clock,
        {"rod.z": "rod_position_m"},
        ("", '{"rod": {"z": 12.3}}'),
        factors={"rod.z": 1e-3},
    )
    assert sensor.connect().model is None
    (reading,) = sensor.scan().readings
    assert reading.value == pytest.approx(0.0123)


def test_null_in_a_document_is_a_fault(clock):
    sensor = sensor_of("http_json", clock, {"z": "rod_position_m"}, ("", '{"z": null}'))
    assert "z is null" in sensor.scan().faults["rod_position_m"]


@pytest.mark.parametrize(
    "document",
    ["", "12.3", "[1]", "{}", '{"z": "12"}', '{"z": true}', '{"z": NaN}', "[" * 5000],
)
def test_other_documents_are_garbled(document, clock):
    sensor = sensor_of("http_json", clock, {"z": "rod_position_m"}, ("", document))
    with pytest.raises(GarbledReplyError):
        sensor.scan()


def test_every_driver_of_the_array_file_has_a_kind():
    assert set(KINDS) == set(get_args(DriverName))
