"""Every sensor of the sample array, from its emulator through its own wire."""

import re

import pytest

from instruments.array import load_array
from instruments.array.config import ArrayConfig
from instruments.clock import SystemClock
from instruments.sensors import Sensor, open_sensor_wire
from instruments.simulation.sensors.magnet import MAGNET_FIELD_TESLA
from instruments.simulation.sensors.rod import ROD_POSITION_M


@pytest.fixture
def served(root, serve):
    config = load_array(root / "docs/how-to/shared-vna.yaml")
    document = config.model_dump(mode="json", exclude_none=True)
    for section in document["instruments"].values():
        for instrument in section.values():
            free = re.sub(r"::\d+::SOCKET", "::0::SOCKET", instrument["resource"])
            instrument["resource"] = free
    return serve(ArrayConfig.model_validate(document))


def test_every_sensor_gives_its_readings_in_si(served):
    values = {}
    for name, section in served.config.instruments.sensor.items():
        wire = open_sensor_wire(section.driver, section.resource)
        try:
            sensor = Sensor(
                wire,
                clock=SystemClock(),
                name=name,
                driver=section.driver,
                readings=section.readings,
                cavity=section.cavity,
                factors={one: section.factor_of(one) for one in section.readings},
            )
            sensor.connect()
            scan = sensor.scan()
        finally:
            wire.close()
        assert not scan.faults
        values |= {one.name: one.value for one in scan.readings}
    assert values == {
        "receiver_temperature_k": pytest.approx(4.0, rel=0.1),
        "mixing_chamber_temperature_k": pytest.approx(0.02, rel=0.5),
        "fourkelvin_stage_temperature_k": pytest.approx(4.0, rel=0.1),
        "stray_field_tesla": pytest.approx(0.0, abs=1e-3),
        "magnet_field_tesla": pytest.approx(MAGNET_FIELD_TESLA, rel=1e-3),
        "magnet_current_a": pytest.approx(80.0, rel=1e-3),
        "rod_position_m": pytest.approx(ROD_POSITION_M, rel=1e-2),
    }
