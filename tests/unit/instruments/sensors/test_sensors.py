"""Sensors give numbers or faults, never a fault as a number."""

import pytest

from instruments.errors import GarbledReplyError, IdentityMismatchError
from instruments.sensors import Sensor
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
    sensor = bridge(clock, ("RDGST? 5", "000"), ("RDGK? 5", "+4.02100E+00"))
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
        ("RDGK? 6", "+1.2E-02"),
        readings={"5": "receiver_temperature_k", "6": "mixing_chamber_temperature_k"},
    )
    scan = sensor.scan()
    assert words in scan.faults["receiver_temperature_k"]
    assert [reading.value for reading in scan.readings] == [0.012]


def test_zero_kelvin_is_a_missing_curve(clock):
    scan = bridge(clock, ("RDGST? 5", "0"), ("RDGK? 5", "+0.00000E+00")).scan()
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
