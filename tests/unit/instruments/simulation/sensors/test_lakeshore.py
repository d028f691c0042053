import asyncio

import pytest

from instruments.clock import SystemClock
from instruments.simulation.array import EmulatedArray
from instruments.simulation.faults import FaultKind
from instruments.simulation.sensors.lakeshore import Lakeshore372, LakeshoreGaussmeter

READINGS = {"5": "receiver_temperature_k", "6": "mixing_chamber_temperature_k"}


@pytest.fixture
def array(array_config):
    return EmulatedArray(array_config, clock=SystemClock())


def ask(make, *messages):
    async def run():
        device = make()
        return [await device.execute(message.encode()) for message in messages]

    return asyncio.run(run())


def test_bridge_reads_its_inputs_in_kelvin(array):
    replies = ask(
        lambda: Lakeshore372(array, "thermometer", READINGS),
        "RDGK? 5",
        "RDGK? 6",
        "RDGST? 5",
        "*IDN?",
    )
    assert float(replies[0]) == pytest.approx(4.0, rel=0.05)
    assert float(replies[1]) == pytest.approx(0.02, rel=0.1)
    assert replies[2] == b"000\r\n"
    assert replies[3].startswith(b"LSCI,MODEL372,")


def test_open_input_reads_nothing_and_says_so(array):
    reading, status, refused = ask(
        lambda: Lakeshore372(array, "thermometer", READINGS),
        "RDGK? 3",
        "RDGST? 3",
        "RDGK? 99",
    )
    assert float(reading) == 0.0
    assert int(status) != 0
    assert refused is None


def test_bridge_is_noisy_and_follows_the_fridge(array):
    array.inject(FaultKind.FRIDGE_WARMING, severity=0.5)
    replies = ask(
        lambda: Lakeshore372(array, "thermometer", READINGS), *["RDGK? 5"] * 20
    )
    values = [float(reply) for reply in replies]
    assert min(values) > 15.0
    assert len(set(values)) > 10


def test_gaussmeter_reads_the_field_of_its_cavity(array):
    array.inject(FaultKind.CIRCULATOR_STRAY_FIELD, "cavity-2", severity=0.5)
    near = ask(
        lambda: LakeshoreGaussmeter(array, "gaussmeter-2", "cavity-2"),
        "UNIT?",
        "RDGFIELD?",
        "UNIT 1",
        "RDGFIELD?",
        "*IDN?",
    )
    assert near[0] == b"2\r\n"
    assert float(near[1]) == pytest.approx(0.025, abs=2e-4)
    assert float(near[3]) == pytest.approx(250.0, abs=2.0)
    assert near[4].startswith(b"LSCI,MODEL475,")
    (far,) = ask(
        lambda: LakeshoreGaussmeter(array, "gaussmeter-1", "cavity-1"), "RDGFIELD?"
    )
    assert abs(float(far)) < 2e-4
    (alone,) = ask(
        lambda: LakeshoreGaussmeter(array, "gaussmeter-0", None), "RDGFIELD?"
    )
    assert abs(float(alone)) < 2e-4
