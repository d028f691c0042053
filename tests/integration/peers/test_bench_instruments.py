"""QCoDeS and PyMeasure drive the emulated switches and sensors."""

import asyncio
import json
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from instruments.array import ArrayConfig
from instruments.simulation.sensors.magnet import MAGNET_FIELD_TESLA
from instruments.simulation.serving import serve_array

CLIENT = Path(__file__).parent / "clients" / "bench_instruments.py"
FREE = "TCPIP::127.0.0.1::0::SOCKET"
SENSORS = {
    "372": ("lakeshore_372", {"5": "receiver_temperature_k", "6": "mixing_chamber_k"}),
    "336": ("lakeshore_336", {"A": "stage_temperature_k"}),
    "425": ("lakeshore_425", {"1": "stray_field_tesla"}),
    "ami430-pymeasure": ("ami_430", {"field": "first_field_tesla"}),
    "ami430-qcodes": ("ami_430", {"field": "second_field_tesla"}),
}
SWITCHES = {
    "sp4t": ("mini_circuits_telnet", {"A": 4, "B": 4}),
    "spdt": ("mini_circuits_telnet", {"A": 2, "B": 2}),
    "34980a": ("keysight_34980a", {"A": {"1": [1101], "2": [1102]}}),
}


def bench():
    return ArrayConfig.model_validate(
        {
            "schema_version": 1,
            "array": {"name": "bench"},
            "instruments": {
                "vna": {"vna-1": {"resource": FREE}},
                "sensor": {
                    name: {"driver": driver, "resource": FREE, "readings": readings}
                    for name, (driver, readings) in SENSORS.items()
                },
                "switch": {
                    name: {"driver": driver, "resource": FREE, "elements": elements}
                    for name, (driver, elements) in SWITCHES.items()
                },
            },
            "sweeps": {
                "t": {
                    "purpose": "transmission",
                    "s_parameters": ["S21"],
                    "point_count": 11,
                }
            },
            "schedule": {},
            "cavities": {
                "c": {
                    "vna": "vna-1",
                    "expected": {"resonant_frequency_hz": 5e9, "loaded_q": 8000},
                }
            },
            "simulation": {"nominal_field_tesla": 0.002},
        }
    )


@pytest.fixture(scope="module")
def served():
    loop, ready, ended = asyncio.new_event_loop(), Future(), asyncio.Event()

    async def serve():
        try:
            async with serve_array(bench()) as array:
                ready.set_result(array)
                await ended.wait()
        except Exception as error:  # noqa: BLE001 - handed to the test
            ready.set_exception(error)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield ready.result(30)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
        loop.close()


@pytest.fixture(scope="module")
def results(served, peers_python):
    cases = {
        name: {"reader": name, "resource": served.resources[name][0]}
        for name in (*SENSORS, *SWITCHES)
    }
    done = subprocess.run(
        [peers_python, CLIENT],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["results"]


def readings(results, name):
    assert "error" not in results[name], results[name]["error"]
    return results[name]["readings"]


def test_qcodes_reads_the_thermometers(results):
    bridge = readings(results, "372")
    assert bridge["ch05"] == pytest.approx(4.0, rel=0.1)
    assert bridge["ch06"] == pytest.approx(0.02, rel=0.5)
    assert readings(results, "336")["A"] == pytest.approx(4.0, rel=0.1)


def test_pymeasure_reads_the_gaussmeter_in_both_units(results):
    field = readings(results, "425")
    assert field["gauss"] == pytest.approx(20.0, abs=1.5)
    assert field["tesla"] == pytest.approx(0.002, abs=1.5e-4)


def test_pymeasure_and_qcodes_read_the_magnet(results):
    one = readings(results, "ami430-pymeasure")
    assert one["field_kg"] == pytest.approx(10 * MAGNET_FIELD_TESLA, rel=1e-3)
    assert one["current_a"] == pytest.approx(80.0, rel=1e-3)
    other = readings(results, "ami430-qcodes")
    assert other["field_tesla"] == pytest.approx(MAGNET_FIELD_TESLA, rel=1e-3)
    assert other["is_quenched"] is False


def test_qcodes_moves_the_mini_circuits_boxes(results, served):
    assert readings(results, "sp4t") == {"model": "RC-2SP4T-A18", "seen": [1, 3, 4, 2]}
    assert readings(results, "spdt") == {"model": "RC-2SPDT-A18", "seen": [2, 1, 2]}
    assert served.array.boxes["sp4t"].position("B") == "2"
    assert served.array.boxes["spdt"].position("A") == "2"


def test_qcodes_closes_and_opens_channels_of_the_34980a(results, served):
    assert readings(results, "34980a") == {"closed": "0,1", "opened": "0,0"}
    assert served.array.boxes["34980a"].position("1102") == "0"
